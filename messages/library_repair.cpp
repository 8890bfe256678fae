#include "messages/library_repair.hpp"

namespace lockstep {

std::string_view to_string(file_state state) {
  switch (state) {
    case file_state::whole:
      return "whole";
    case file_state::damaged:
      return "damaged";
    case file_state::missing:
      return "missing";
  }
  return "?";
}

} // namespace lockstep

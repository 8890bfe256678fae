#include "messages/leadership.hpp"

namespace lockstep {

std::string_view to_string(role value) {
  switch (value) {
    case role::follower:
      return "follower";
    case role::candidate:
      return "candidate";
    case role::leader:
      return "leader";
  }
  return "unknown";
}

} // namespace lockstep

#include "messages/receipt.hpp"

namespace lockstep {

std::string_view to_string(receipt_state state) {
  switch (state) {
    case receipt_state::local:
      return "local";
    case receipt_state::sequenced:
      return "sequenced";
    case receipt_state::stable:
      return "stable";
  }
  return "unknown";
}

} // namespace lockstep

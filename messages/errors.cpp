#include "messages/errors.hpp"

namespace lockstep {

std::string_view to_string(errc code) {
  switch (code) {
    case errc::none:
      return "none";
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::not_found:
      return "not_found";
    case errc::already_exists:
      return "already_exists";
    case errc::not_leader:
      return "not_leader";
    case errc::stale_ballot:
      return "stale_ballot";
    case errc::log_conflict:
      return "log_conflict";
    case errc::vacuumed:
      return "vacuumed";
    case errc::constraint:
      return "constraint";
    case errc::corrupt:
      return "corrupt";
    case errc::newer_format:
      return "newer_format";
    case errc::disk_full:
      return "disk_full";
    case errc::read_only:
      return "read_only";
    case errc::io:
      return "io";
    case errc::locked:
      return "locked";
    case errc::busy:
      return "busy";
    case errc::not_member:
      return "not_member";
    case errc::closed:
      return "closed";
    case errc::cancelled:
      return "cancelled";
    case errc::timed_out:
      return "timed_out";
    case errc::protocol_violation:
      return "protocol_violation";
    case errc::too_large:
      return "too_large";
    case errc::internal:
      return "internal";
    case errc::incomplete:
      return "incomplete";
  }
  return "unknown";
}

} // namespace lockstep

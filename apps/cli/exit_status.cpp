#include "apps/cli/exit_status.hpp"

namespace lockstep::cli {

exit_status exit_status_of(errc code) {
  switch (code) {
    case errc::none:
      return exit_status::done;
    case errc::invalid_argument:
      return exit_status::wrong_usage;
    case errc::not_found:
      return exit_status::no_such_thing;
    case errc::timed_out:
      return exit_status::not_reachable;
    case errc::not_leader:
    case errc::not_member:
    case errc::locked:
      return exit_status::refused;
    default:
      return exit_status::failed;
  }
}

} // namespace lockstep::cli

#pragma once

#include "messages/errors.hpp"

namespace lockstep::cli {

/// What the program ends with; scripts rely on the numbers.
enum class exit_status : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  no_such_thing = 3,
  not_reachable = 4, ///< Or time ran out.
  refused = 5,       ///< Not the leader, not a member, already running.
};

/// The one place where errors become exit statuses.
exit_status exit_status_of(errc code);

} // namespace lockstep::cli

#pragma once

#include "messages/errors.hpp"

#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/make_message.hpp>
#include <caf/result.hpp>

CAF_ERROR_CODE_ENUM(lockstep::errc, "lockstep")

namespace lockstep {

/// A failure as CAF carries it: code and sentence.
caf::error to_error(const failure& what);

/// The failure in an answer; CAF's own errors (a dead or slow actor) become
/// `closed`, `timed_out` or `internal`.
failure to_failure(const caf::error& what);

/// An expected as a handler's answer.
template <class T> caf::result<T> to_result(expected<T> value) {
  if (value)
    return caf::result<T>{std::move(*value)};
  return to_error(value.error());
}

/// Registers the error category, so that errors print with their names.
void register_errors(caf::actor_system_config& config);

} // namespace lockstep

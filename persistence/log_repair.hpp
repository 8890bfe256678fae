#pragma once

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/operation.hpp"
#include "persistence/sync_log_store.hpp"

#include <filesystem>
#include <string>

namespace lockstep {

/// How far a log can be trusted.
struct log_finding {
  /// The end of the last whole transaction before anything that is wrong.
  log_head sound;
  /// What is wrong after that; empty when nothing is.
  std::string why;
};

/// Reads a log from its beginning and verifies it entry by entry.
expected<log_finding> examine_log(const std::filesystem::path& file);

/// Makes a new log of what can be read and is as it was written, up to the end
/// of a whole transaction. What was promised to others is kept where it can be
/// read; else it is taken to be more than it can have been, so that this device
/// does not promise twice. A device that led goes on under its ballot only
/// where it `may_lead_on`: nobody else can hold what is cut. Returns the new
/// log's end.
expected<log_head> rebuild_log(const std::filesystem::path& damaged,
                               const std::filesystem::path& made, device_id own,
                               bool may_lead_on);

/// For a log that is whole and older than what this device had: a vote may be
/// missing from it, and it may name this device as a leader of entries that it
/// does not hold any more. Terms follow on the seconds of `now`, so that a log
/// that comes back a second time promises nothing twice either.
expected<void> forget_promises(sync_log_store& log, device_id own,
                               timestamp now);

} // namespace lockstep

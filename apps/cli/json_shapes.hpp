#pragma once

#include "messages/library_requests.hpp"
#include "messages/operation.hpp"
#include "messages/refused_by.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// What scripts see: the fields that the command line promises.
namespace lockstep::cli {

/// "ready", "catching_up", "alone" or "no_majority".
std::string state_text(const library_status& now);

/// ISO 8601 in UTC with milliseconds.
std::string time_text(wall_time at);

/// What people call a member: its name in quotation marks, else its id.
std::string name_of(const library_status& now, device_id device);

/// Who takes part now.
std::vector<member> members_of(const library_status& now);

/// What keeps something of the library from going on: a line each, with its
/// newline. Empty when all is well.
std::string problem_lines(const library_status& now,
                          const std::vector<refused_by>& refused = {});

/// A device's id, null where it is nil.
nlohmann::json id_json(device_id id);
nlohmann::json ballot_json(const ballot& value);
/// `refused`: devices that do not let this one in any more.
nlohmann::json status_json(const library_status& now,
                           const std::vector<refused_by>& refused = {});
/// `data` is an object, null for a delete.
/// "1,000 of 5,000 entries, 1.2 MB, about 3 s left"
std::string first_sync_text(const first_sync_progress& now);
nlohmann::json first_sync_json(const first_sync_progress& now);

nlohmann::json entry_json(const entry& what);
/// An entry of model `lockstep.conflict`.
nlohmann::json conflict_json(const entry& kept, bool resolved);

} // namespace lockstep::cli

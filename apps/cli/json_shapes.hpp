#pragma once

#include "messages/library_requests.hpp"
#include "messages/operation.hpp"

#include <nlohmann/json.hpp>

#include <string>

/// What scripts see: the fields that the command line promises.
namespace lockstep::cli {

/// "ready", "catching_up" or "alone".
std::string state_text(const library_status& now);

/// ISO 8601 in UTC with milliseconds.
std::string time_text(wall_time at);

/// What keeps something of the library from going on: a line each, with its
/// newline. Empty when all is well.
std::string problem_lines(const library_status& now);

/// A device's id, null where it is nil.
nlohmann::json id_json(device_id id);
nlohmann::json ballot_json(const ballot& value);
nlohmann::json status_json(const library_status& now);
/// `data` is an object, null for a delete.
nlohmann::json entry_json(const entry& what);
/// An entry of model `lockstep.conflict`.
nlohmann::json conflict_json(const entry& kept, bool resolved);

} // namespace lockstep::cli

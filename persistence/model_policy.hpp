#pragma once

#include "messages/conflict_policy.hpp"
#include "persistence/library_store.hpp"

#include <string_view>

/// The conflict policy of a model is itself a record of the log, so that every
/// device that comes to lead decides alike.
namespace lockstep {

inline constexpr std::string_view policy_model = "lockstep.policy";

/// What the log says, or the one that this device asked for and the log does
/// not have yet. Throws.
conflict_policy policy_of(library_store& store, std::string_view model);

/// What to commit so that the model has this policy.
record_change policy_change(std::string_view model, conflict_policy policy);

} // namespace lockstep

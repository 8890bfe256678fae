#pragma once

#include "actors/event_bus.hpp"
#include "actors/indexer.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <optional>

namespace lockstep {

/// What a bulk follower is made from.
struct bulk_follower_setup {
  device_id device;
  indexer_actor indexer;
  /// Where this device has the folder that another device indexed.
  std::function<std::optional<std::filesystem::path>(const bulk_operation&)>
    matching_folder;
};

/// Does on this device what a bulk operation in the log says another device did
/// on its own: indexes the location's folder where there is a matching one.
struct bulk_follower_state {
  static inline const char* name = "bulk_follower";

  bulk_follower_setup setup;
  std::deque<index_location> waiting;
  bool indexing = false;
};

/// For a bulk_follower's subscription: it needs no other events.
bool is_bulk_operation(const event& what);

/// Whoever spawns it subscribes it.
event_subscriber::behavior_type
bulk_follower(event_subscriber::stateful_pointer<bulk_follower_state> self,
              bulk_follower_setup setup);

} // namespace lockstep

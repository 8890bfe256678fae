#pragma once

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/replication_view.hpp"

#include <string>
#include <vector>

namespace lockstep {

struct read_refusals {};

/// A device that this one knows does not let it in any more.
struct refused_by {
  device_id device;
  /// What it said, as one sentence for people.
  std::string reason;
  /// Because this device was removed.
  bool removed = false;
};

struct refusal_list {
  std::vector<refused_by> list;
};

/// Whether members refuse this device, and none that does not is connected: one
/// that lacks a part of the log may not know who takes part.
bool is_turned_away(const replication_view& now);

/// What a device is told that was removed from a library, by its name, with
/// what to do.
failure removed_from(const std::string& library);

} // namespace lockstep

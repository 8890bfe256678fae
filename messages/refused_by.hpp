#pragma once

#include "messages/ids.hpp"

#include <string>
#include <vector>

namespace lockstep {

struct read_refusals {};

/// A device that this one knows does not let it in any more.
struct refused_by {
  device_id device;
  /// What it said, as one sentence for people.
  std::string reason;
};

struct refusal_list {
  std::vector<refused_by> list;
};

} // namespace lockstep

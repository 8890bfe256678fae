#pragma once

#include "messages/ids.hpp"
#include "messages/numbers.hpp"

namespace lockstep {

/// An inclusive range of one device's operations.
struct accepted_range {
  device_id device;
  device_sequence_number first;
  device_sequence_number last;

  bool operator==(const accepted_range&) const = default;
};

} // namespace lockstep

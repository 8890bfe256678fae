#pragma once

#include "messages/ids.hpp"

#include <cstdint>

namespace lockstep {

/// What a device says to all of its local network: who it is, and at which port
/// it takes connections. Nothing of it is proved.
struct announcement {
  device_id device;
  std::uint16_t port = 0;

  bool operator==(const announcement&) const = default;
};

} // namespace lockstep

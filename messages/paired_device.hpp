#pragma once

#include "messages/ids.hpp"

#include <string>

namespace lockstep {

/// A device that an invitation let in.
struct paired_device {
  library_id library;
  device_id device;
  std::string name;
  /// Its person sees the same words, if nobody is in between.
  std::string verification;
};

} // namespace lockstep

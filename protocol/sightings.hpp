#pragma once

#include "messages/ids.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace lockstep {

/// Where devices were said to be by somebody who proved nothing, and which of
/// it is worth a dial. Whatever is said, a device is dialled at most once more
/// between two dials that are due anyway, whose waits grow; so who makes it all
/// up costs no more than that, and keeps nobody from being found where it was
/// known to be. Pure; bounded by the number of devices that are noted.
class sightings {
public:
  /// Places of one device that are kept at most; the oldest goes first.
  static constexpr std::size_t places_most = 4;

  /// A device that this one would have a session with is said to be there.
  void note(device_id device, const std::string& place);

  /// The places to dial out of turn, the newest first: those that were not
  /// dialled yet, and none before the next `due`.
  std::vector<std::string> take(device_id device);

  /// The places to try beside those that are known, now that the device is
  /// dialled anyway.
  std::vector<std::string> due(device_id device);

  /// Whether it was said to be anywhere.
  [[nodiscard]] bool knows(device_id device) const {
    return known_.contains(device);
  }

  /// The device is here, or not wanted any more.
  void forget(device_id device);

  /// Devices of which something is kept.
  [[nodiscard]] std::size_t size() const {
    return known_.size();
  }

private:
  struct sighting {
    std::string place;
    bool is_tried = false;
  };
  struct record {
    /// The newest first.
    std::vector<sighting> list;
    bool was_taken = false;
  };

  std::map<device_id, record> known_;
};

} // namespace lockstep

#pragma once

#include "messages/accepted_range.hpp"

#include <map>
#include <vector>

namespace lockstep {

/// Which operations a log holds already: the exactly-once filter. Operations
/// mostly arrive in order, so a device is one range.
class accepted_set {
public:
  accepted_set() = default;
  explicit accepted_set(const std::vector<accepted_range>& ranges);

  [[nodiscard]] bool contains(device_id device,
                              device_sequence_number number) const;

  /// Adds one operation; returns false when it was there already.
  bool insert(device_id device, device_sequence_number number);

  void insert(const accepted_range& range);

  /// Takes one operation out; returns false when it was not there.
  bool erase(device_id device, device_sequence_number number);

  /// The highest number of the device, or none.
  [[nodiscard]] device_sequence_number last(device_id device) const;

  /// By device, then by number.
  [[nodiscard]] std::vector<accepted_range> ranges() const;

  [[nodiscard]] std::vector<accepted_range> ranges_of(device_id device) const;

private:
  /// first → last, per device; never touching, never overlapping.
  using device_ranges = std::map<std::uint64_t, std::uint64_t>;
  std::map<device_id, device_ranges> devices_;
};

} // namespace lockstep

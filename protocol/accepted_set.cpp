#include "protocol/accepted_set.hpp"

#include <algorithm>
#include <iterator>

namespace lockstep {

namespace {

using number_ranges = std::map<std::uint64_t, std::uint64_t>;

/// The last range that begins at or before `number`, or the end.
template <class Ranges>
auto range_before(Ranges& ranges, std::uint64_t number) {
  auto after = ranges.upper_bound(number);
  return after == ranges.begin() ? ranges.end() : std::prev(after);
}

bool holds(const number_ranges& ranges, std::uint64_t number) {
  auto range = range_before(ranges, number);
  return range != ranges.end() && number <= range->second;
}

/// Adds a whole range; what overlaps or touches becomes one range.
void merge(number_ranges& ranges, std::uint64_t first, std::uint64_t last) {
  auto range = range_before(ranges, first);
  // Written without `second + 1`, which may overflow.
  if (range == ranges.end()
      || (range->second < first && first - range->second > 1))
    range = ranges.try_emplace(first, last).first;
  range->second = std::max(range->second, last);
  for (auto next = std::next(range);
       next != ranges.end()
       && (next->first <= range->second || next->first - range->second == 1);
       next = ranges.erase(next))
    range->second = std::max(range->second, next->second);
}

} // namespace

accepted_set::accepted_set(const std::vector<accepted_range>& ranges) {
  for (const auto& range : ranges)
    insert(range);
}

void accepted_set::insert(const accepted_range& range) {
  if (range.first <= range.last)
    merge(devices_[range.device], range.first.value, range.last.value);
}

bool accepted_set::contains(device_id device,
                            device_sequence_number number) const {
  auto known = devices_.find(device);
  return known != devices_.end() && holds(known->second, number.value);
}

bool accepted_set::insert(device_id device, device_sequence_number number) {
  auto& ranges = devices_[device];
  if (holds(ranges, number.value))
    return false;
  merge(ranges, number.value, number.value);
  return true;
}

bool accepted_set::erase(device_id device, device_sequence_number number) {
  auto known = devices_.find(device);
  if (known == devices_.end() || !holds(known->second, number.value))
    return false;
  auto& ranges = known->second;
  auto range = range_before(ranges, number.value);
  auto [first, last] = *range;
  if (first < number.value)
    range->second = number.value - 1;
  else
    ranges.erase(range);
  if (number.value < last)
    ranges.emplace(number.value + 1, last);
  if (ranges.empty())
    devices_.erase(known);
  return true;
}

device_sequence_number accepted_set::last(device_id device) const {
  auto known = devices_.find(device);
  if (known == devices_.end())
    return {};
  return device_sequence_number{known->second.rbegin()->second};
}

std::vector<accepted_range> accepted_set::ranges() const {
  std::vector<accepted_range> all;
  for (const auto& [device, ranges] : devices_)
    for (const auto& [first, last] : ranges)
      all.push_back(
        {device, device_sequence_number{first}, device_sequence_number{last}});
  return all;
}

std::vector<accepted_range> accepted_set::ranges_of(device_id device) const {
  std::vector<accepted_range> all;
  auto known = devices_.find(device);
  if (known == devices_.end())
    return all;
  for (const auto& [first, last] : known->second)
    all.push_back(
      {device, device_sequence_number{first}, device_sequence_number{last}});
  return all;
}

} // namespace lockstep

#include "protocol/sightings.hpp"

#include <algorithm>

namespace lockstep {

void sightings::note(device_id device, const std::string& place) {
  auto& list = known_[device].list;
  if (!list.empty() && list.front().place == place)
    return;
  // It may have come back to where it was.
  const auto before
    = std::erase_if(list, [&](const auto& one) { return one.place == place; });
  if (before == 0 && list.size() >= places_most)
    list.pop_back();
  list.insert(list.begin(), sighting{place, false});
}

std::vector<std::string> sightings::take(device_id device) {
  std::vector<std::string> places;
  const auto found = known_.find(device);
  if (found == known_.end() || found->second.was_taken)
    return places;
  for (auto& one : found->second.list)
    if (!one.is_tried) {
      one.is_tried = true;
      places.push_back(one.place);
    }
  found->second.was_taken = !places.empty();
  return places;
}

std::vector<std::string> sightings::due(device_id device) {
  std::vector<std::string> places;
  const auto found = known_.find(device);
  if (found == known_.end())
    return places;
  found->second.was_taken = false;
  for (auto& one : found->second.list) {
    one.is_tried = true;
    places.push_back(one.place);
  }
  return places;
}

void sightings::forget(device_id device) {
  known_.erase(device);
}

} // namespace lockstep

#include "persistence/library_members.hpp"

#include <algorithm>

namespace lockstep {

expected<std::vector<member>> known_members(library_store& store,
                                            device_id joined_from) {
  auto list = store.members();
  if (!list)
    return list;
  auto lacks = [&](device_id device) {
    return std::none_of(list->begin(), list->end(), [&](const member& what) {
      return what.device == device;
    });
  };
  if (lacks(store.own))
    list->push_back({store.own, {}, false});
  if (!joined_from.is_nil() && lacks(joined_from))
    list->push_back({joined_from, {}, false});
  return list;
}

} // namespace lockstep

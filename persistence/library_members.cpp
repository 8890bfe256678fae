#include "persistence/library_members.hpp"

#include <algorithm>

namespace lockstep {

expected<std::vector<member>> known_members(library_store& store,
                                            device_id joined_from) {
  auto list = store.members();
  if (!list)
    return list;
  const bool is_listed
    = std::any_of(list->begin(), list->end(), [&](const member& what) {
        return what.device == joined_from;
      });
  if (!joined_from.is_nil() && !is_listed)
    list->push_back({joined_from, {}, false});
  return list;
}

} // namespace lockstep

#include "persistence/conflicting_images.hpp"

#include "persistence/merged_entries.hpp"
#include "protocol/operation_reference.hpp"

namespace lockstep {

namespace {

entry_lookup entries_of(library_store& store) {
  return [&store](sequence_number where) {
    auto found = store.entry_at(where);
    return found ? std::move(*found) : std::optional<entry>{};
  };
}

/// Whether the writer saw the record as this entry left it: the newest such
/// entry is what its change is based on.
bool is_base(const entry& candidate, const operation& what,
             const entry_lookup& at) {
  return is_built_on(what, candidate, at)
         || !(what.base_version < candidate.version);
}

} // namespace

version_number version_seen(library_store& store, const operation& what,
                            const entry& newest) {
  const auto at = entries_of(store);
  std::optional<entry> candidate = newest;
  while (candidate && what.base_version < candidate->version) {
    if (is_built_on(what, *candidate, at))
      return candidate->version;
    if (!candidate->previous)
      break;
    auto before = store.entry_at(candidate->previous);
    if (!before)
      break;
    candidate = std::move(*before);
  }
  return what.base_version;
}

concurrent_images conflicting_images(library_store& store,
                                     const operation& what,
                                     const entry& newest) {
  concurrent_images images{{}, newest.data, what.data};
  // Its base is a deletion, or nothing; versions may be those of an earlier
  // life.
  if (what.change == change_type::insert && !what.base_operation) {
    images.base = "{}";
    return images;
  }
  const auto at = entries_of(store);
  std::optional<entry> candidate = newest;
  while (candidate && !is_base(*candidate, what, at)) {
    if (!candidate->previous) {
      // The writer thought that there was no such record.
      images.base = "{}";
      return images;
    }
    auto before = store.entry_at(candidate->previous);
    if (!before)
      return images;
    candidate = std::move(*before);
  }
  // What another device made of it since then may come yet.
  const bool is_known
    = candidate
      && (!is_mark(what.base_operation) || is_built_on(what, *candidate, at));
  if (is_known)
    images.base
      = candidate->change == change_type::remove ? "{}" : candidate->data;
  return images;
}

} // namespace lockstep

#include "persistence/conflicting_images.hpp"

namespace lockstep {

namespace {

/// Whether the writer saw the record as this entry left it: the newest such
/// entry is what its change is based on.
bool is_base(const entry& candidate, const operation& what) {
  const bool own_predecessor
    = what.base_operation && candidate.device == what.device
      && candidate.device_sequence == what.base_operation;
  return own_predecessor || !(what.base_version < candidate.version);
}

} // namespace

concurrent_images conflicting_images(library_store& store,
                                     const operation& what,
                                     const entry& newest) {
  concurrent_images images{{}, newest.data, what.data};
  std::optional<entry> candidate = newest;
  while (candidate && !is_base(*candidate, what)) {
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
  if (candidate)
    images.base
      = candidate->change == change_type::remove ? "{}" : candidate->data;
  return images;
}

} // namespace lockstep

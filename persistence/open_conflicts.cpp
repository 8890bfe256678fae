#include "persistence/open_conflicts.hpp"

#include "protocol/conflict.hpp"

#include <nlohmann/json.hpp>

namespace lockstep {

namespace {

/// Reading more of them would take too long. An open conflict too many does no
/// harm.
constexpr std::uint64_t most_conflicts = 10'000;

std::optional<operation> kept_by(library_store& store, record_id conflict) {
  const auto state = store.index.find(conflict_model, conflict);
  if (!state.version || state.deleted)
    return std::nullopt;
  const auto newest = store.entry_at(state.latest);
  return newest && *newest ? loser_of((*newest)->data) : std::nullopt;
}

} // namespace

void open_conflicts::add(const record_key& about, record_id conflict) {
  if (is_read_)
    all_[about].insert(conflict);
}

std::vector<std::pair<record_id, device_id>>
open_conflicts::that_keep(const record_key& about, std::string_view image) {
  if (!is_read_)
    read_all();
  std::vector<std::pair<record_id, device_id>> found;
  if (image.empty())
    return found;
  nlohmann::json wanted;
  const auto those = all_.find(about);
  if (those == all_.end())
    return found;
  for (const auto conflict : those->second) {
    // It may be over by now, or may never have come to be.
    const auto kept = kept_by(store_, conflict);
    if (!kept || kept->data.empty())
      continue;
    if (wanted.is_null())
      wanted = nlohmann::json::parse(image, nullptr, false);
    if (nlohmann::json::parse(kept->data, nullptr, false) == wanted)
      found.emplace_back(conflict, kept->device);
  }
  return found;
}

void open_conflicts::read_all() {
  is_read_ = true;
  if (store_.index.count(conflict_model) > most_conflicts)
    return;
  for (const auto at : store_.index.latest_of(conflict_model))
    if (const auto newest = store_.entry_at(at); newest && *newest)
      if (const auto kept = loser_of((*newest)->data))
        all_[{kept->model, kept->record}].insert((*newest)->record);
}

} // namespace lockstep

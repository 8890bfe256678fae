#include "persistence/conflict_list.hpp"

#include "protocol/conflict.hpp"

namespace lockstep {

namespace {

/// The newest entry with an image.
expected<std::optional<entry>> newest_image(library_store& store,
                                            sequence_number at) {
  auto found = store.entry_at(at);
  while (found && *found && (*found)->change == change_type::remove)
    found = store.entry_at((*found)->previous);
  return found;
}

} // namespace

expected<conflict_list> list_conflicts(library_store& store,
                                       bool resolved_too) {
  return store.attempt([&]() -> expected<conflict_list> {
    conflict_list found;
    for (const auto& [record, state] : store.index.all_of(conflict_model)) {
      if (state.deleted && !resolved_too)
        continue;
      auto kept = newest_image(store, state.latest);
      if (!kept)
        return tl::make_unexpected(kept.error());
      if (*kept)
        found.list.push_back({std::move(**kept), state.deleted});
    }
    return found;
  });
}

expected<std::vector<transaction_step>>
steps_to_resolve(library_store& store, const resolve_conflict& request) {
  return store.attempt([&]() -> expected<std::vector<transaction_step>> {
    const auto id = to_string(request.conflict);
    const auto state = store.index.find(conflict_model, request.conflict);
    if (!state.version)
      return fail(errc::not_found, "There is no conflict " + id
                                     + "; lockstep conflicts lists them.");
    if (state.deleted)
      return fail(errc::not_found, "Conflict " + id + " is resolved already.");
    std::vector<transaction_step> steps{record_change{
      std::string{conflict_model}, request.conflict, change_type::remove, {}}};
    if (request.take == resolve_conflict::side::winner)
      return steps;
    auto kept = store.entry_at(state.latest);
    if (!kept)
      return tl::make_unexpected(kept.error());
    auto loser = *kept ? loser_of((*kept)->data) : std::nullopt;
    if (!loser)
      return fail(errc::corrupt, "Conflict " + id
                                   + " cannot be read; only its winner can be"
                                     " taken.");
    steps.emplace_back(record_change{std::move(loser->model), loser->record,
                                     loser->change == change_type::remove
                                       ? change_type::remove
                                       : change_type::update,
                                     std::move(loser->data)});
    return steps;
  });
}

} // namespace lockstep

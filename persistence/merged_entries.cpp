#include "persistence/merged_entries.hpp"

#include "messages/json_value.hpp"
#include "persistence/model_policy.hpp"
#include "protocol/operation_reference.hpp"
#include "protocol/resolution.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace lockstep {

namespace {

using json = nlohmann::json;

json image_of(const entry& what) {
  auto image = json::parse(what.data, nullptr, false);
  return image.is_object() ? image : json::object();
}

/// Whether whoever sees `merged` there has seen what was written.
bool shows(const json& merged, const json& written) {
  if (!merged.is_array() || !written.is_array())
    return is_same_value(merged, written);
  return std::ranges::all_of(written, [&](const json& value) {
    return std::ranges::find(merged, value) != merged.end();
  });
}

bool shows_all_of(const operation& what, const json& merged,
                  const json& written) {
  return what.change == change_type::update && !what.changed.empty()
         && std::ranges::all_of(what.changed, [&](const std::string& column) {
              return shows(merged.value(column, json{}),
                           written.value(column, json{}));
            });
}

/// What was merged, as somebody wrote it who had seen nothing.
operation unseeing(const entry& written) {
  auto what = operation_of(written);
  what.change = change_type::update;
  what.base_version = {};
  return what;
}

/// What was merged, as its leader had it.
struct merging {
  operation what;
  record_standing newest;
  concurrent_images images;
  conflict_policy policy;
  json outcome;
};

/// Whether this is what comes out where the writer saw that image.
bool comes_of(const merging& all, const std::string& base) {
  auto images = all.images;
  images.base = base.empty() ? "{}" : base;
  const auto again = resolve([&] { return all.policy; }, all.what, all.newest,
                             [&] { return images; });
  return again.merged && again.lost == resolution::loss::nothing
         && json::parse(*again.merged) == all.outcome;
}

/// What the writer left alone and another had changed was so when it wrote.
bool may_be_seen(const merging& all, const json& base) {
  const auto mine = json::parse(all.what.data, nullptr, false);
  const auto unseen = changed_columns(mine, all.outcome);
  return std::ranges::all_of(unseen, [&](const std::string& column) {
    return is_same_value(base.value(column, json{}),
                         mine.value(column, json{}));
  });
}

} // namespace

operation operation_of(const entry& what) {
  operation made;
  made.device = what.device;
  made.device_sequence = what.device_sequence;
  made.timestamp = what.timestamp;
  made.model = what.model;
  made.record = what.record;
  made.change = what.change;
  made.base_version = what.version - 1;
  made.data = what.data;
  return made;
}

std::vector<std::string> changed_columns(const json& before, const json& now) {
  std::vector<std::string> list;
  for (const auto& [column, value] : now.items())
    if (!is_same_value(value, before.value(column, json{})))
      list.push_back(column);
  return list;
}

std::optional<entry> written_of(const entry& merged, const entry_lookup& at) {
  if (!merged.previous || merged.sequence != merged.previous + 1)
    return std::nullopt;
  auto before = at(merged.previous);
  if (before && before->transaction_end != merged.transaction_end)
    before.reset();
  return before;
}

device_sequence_number reference_to_entry(const operation& what,
                                          const entry& base,
                                          const entry_lookup& at) {
  const auto written = written_of(base, at);
  if (!written)
    return reference_to(base.device, base.device_sequence, what.device);
  const auto& [maker, number]
    = std::tie(written->device, written->device_sequence);
  return shows_all_of(what, image_of(base), image_of(*written))
           ? mark_of(maker, number)
           : mark_of_merged(maker, number, base.data);
}

bool is_built_on(const operation& what, const entry& base,
                 const entry_lookup& at) {
  if (is_built_on(what, base.device, base.device_sequence))
    return true;
  if (!is_mark(what.base_operation))
    return false;
  const auto written = written_of(base, at);
  return written
         && what.base_operation
              == mark_of_merged(written->device, written->device_sequence,
                                base.data);
}

merge_base base_of_merged(library_store& store, const entry& written,
                          const entry& merged, const entry_lookup& at) {
  const auto newest = at(written.previous);
  if (!newest)
    return {};
  const auto policy = policy_of(store, written.model);
  const merging all{
    unseeing(written),
    // Nothing that clashes would have been merged.
    {newest->version + 1, false, newest->timestamp, newest->device, {}},
    {{}, newest->data, written.data},
    policy,
    image_of(merged)};
  for (auto candidate = newest; candidate;
       candidate = at(candidate->previous)) {
    const auto image = image_of(*candidate);
    const bool is_base = policy == conflict_policy::host
                           ? may_be_seen(all, image)
                           : comes_of(all, candidate->data);
    if (is_base)
      return {candidate->version, changed_columns(image, image_of(written))};
  }
  return {{}, changed_columns(image_of(*newest), all.outcome)};
}

} // namespace lockstep

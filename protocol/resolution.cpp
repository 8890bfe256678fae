#include "protocol/resolution.hpp"

#include "messages/json_value.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

using json = nlohmann::json;

/// A missing column is as good as none.
bool same(const json& a, const json& b, const std::string& column) {
  const auto mine = a.find(column);
  const auto theirs = b.find(column);
  if (mine == a.end() || theirs == b.end())
    return mine == a.end() && theirs == b.end();
  return is_same_value(*mine, *theirs);
}

/// The columns in which two images differ.
std::vector<std::string> difference(const json& before, const json& now) {
  std::vector<std::string> list;
  for (const auto& [column, value] : now.items())
    if (!same(before, now, column))
      list.push_back(column);
  for (const auto& [column, value] : before.items())
    if (!now.contains(column))
      list.push_back(column);
  return list;
}

bool holds(const json& array, const json& value) {
  return std::find(array.begin(), array.end(), value) != array.end();
}

/// A three-way merge of arrays as sets: the newest order, then what was added.
json merge_arrays(const json& base, const json& mine, const json& newest) {
  json merged = json::array();
  for (const auto& value : newest)
    if (holds(mine, value) || !holds(base, value))
      merged.push_back(value);
  for (const auto& value : mine)
    if (!holds(base, value) && !holds(merged, value))
      merged.push_back(value);
  return merged;
}

/// The three images of one column, where all of them are arrays.
std::optional<json> merged_array(const json& base, const json& mine,
                                 const json& newest,
                                 const std::string& column) {
  const auto before = base.value(column, json::array());
  const auto ours = mine.find(column);
  const auto theirs = newest.find(column);
  if (!before.is_array() || ours == mine.end() || !ours->is_array()
      || theirs == newest.end() || !theirs->is_array())
    return std::nullopt;
  return merge_arrays(before, *ours, *theirs);
}

void take_over(const std::string& column, const json& from, json& to) {
  if (const auto value = from.find(column); value != from.end())
    to[column] = *value;
  else
    to.erase(column);
}

resolution as_last_writer(verdict outcome) {
  switch (outcome) {
    case verdict::clean:
      break;
    case verdict::wins:
      return {true, resolution::loss::of_newest, std::nullopt};
    case verdict::loses:
      return {false, resolution::loss::of_operation, std::nullopt};
  }
  return {};
}

/// Merges by column what neither side removed. `outcome` is the last writer's.
resolution merge_columns(const operation& what, verdict outcome,
                         const concurrent_images& images, bool arrays) {
  const auto mine = json::parse(what.data);
  const auto newest = json::parse(images.newest, nullptr, false);
  if (!newest.is_object())
    return as_last_writer(outcome);
  auto base = json::parse(images.base.value_or("{}"), nullptr, false);
  if (!base.is_object())
    base = json::object();
  const auto changed
    = what.changed.empty() ? difference(base, mine) : what.changed;
  // Where what they changed is not known: whatever is not as we want it.
  const auto theirs = difference(images.base ? base : mine, newest);
  resolution result;
  auto merged = newest;
  for (const auto& column : changed) {
    const bool clashes
      = outcome != verdict::clean && !same(mine, newest, column)
        && std::find(theirs.begin(), theirs.end(), column) != theirs.end();
    if (!clashes) {
      take_over(column, mine, merged);
      continue;
    }
    if (arrays)
      if (auto both = merged_array(base, mine, newest, column)) {
        merged[column] = std::move(*both);
        continue;
      }
    if (outcome == verdict::wins) {
      take_over(column, mine, merged);
      result.lost = resolution::loss::of_newest;
    } else {
      result.lost = resolution::loss::of_operation;
    }
  }
  auto text = merged.dump();
  if (result.lost == resolution::loss::of_operation && text == newest.dump())
    result.applies = false;
  else if (text != mine.dump())
    result.merged = std::move(text);
  return result;
}

/// What the host says of the images; nothing where it leaves that open.
std::optional<std::string> asked_of(const merge_function& host,
                                    const concurrent_images& images) {
  try {
    auto merged = host(images);
    if (merged && json::parse(*merged, nullptr, false).is_object())
      return merged;
  } catch (...) {
    // Whatever a host throws, the log goes on.
  }
  return std::nullopt;
}

resolution merge_by_host(const operation& what, verdict outcome,
                         const concurrent_images& images,
                         const merge_function& host) {
  // Upon an edit of its own that nobody merged with anything.
  if (outcome == verdict::clean && images.base == images.newest)
    return {};
  // Throws where it is not valid JSON, whatever the host would say.
  if (!json::parse(what.data).is_object())
    return as_last_writer(outcome);
  auto merged = asked_of(host, images);
  if (!merged)
    return as_last_writer(outcome);
  return {true, resolution::loss::nothing, std::move(merged)};
}

} // namespace

resolution resolve(const std::function<conflict_policy()>& policy,
                   const operation& what, const record_standing& record,
                   const std::function<concurrent_images()>& images,
                   const merge_function* host) {
  const auto outcome = last_writer_wins(what, record);
  // What follows on the writer's own operation may not have seen what that one
  // was merged with.
  if (outcome == verdict::clean && !what.base_operation)
    return {};
  const bool removed
    = what.change == change_type::remove || record.deleted || !record.version;
  const auto chosen = policy();
  switch (chosen) {
    case conflict_policy::last_writer_wins:
      break;
    case conflict_policy::first_writer_wins:
      return as_last_writer(
        outcome == verdict::wins && !removed ? verdict::loses : outcome);
    case conflict_policy::field_merge:
    case conflict_policy::union_merge:
      if (!removed)
        return merge_columns(what, outcome, images(),
                             chosen == conflict_policy::union_merge);
      break;
    case conflict_policy::host:
      if (!removed && host != nullptr)
        return merge_by_host(what, outcome, images(), *host);
      break;
  }
  return as_last_writer(outcome);
}

} // namespace lockstep

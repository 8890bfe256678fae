#include "persistence/capture.hpp"

#include <map>
#include <set>
#include <sstream>

namespace lockstep {

namespace {

/// The trigger writes each changed column's name with a unit separator after
/// it.
std::vector<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  std::istringstream in{text};
  for (std::string name; std::getline(in, name, '\x1f');)
    names.insert(name);
  return {names.begin(), names.end()};
}

} // namespace

expected<std::vector<capture::touched_row>>
capture::take_touched(std::int64_t after) {
  std::vector<touched_row> list;
  std::map<std::pair<std::int64_t, record_id>, std::size_t> places;
  bool any = false;
  {
    auto rows = statements_.use(
      "SELECT model, key, sum(changed IS NULL) > 0, group_concat(changed, '')"
      " FROM lockstep_touched WHERE id > ? GROUP BY model, key ORDER BY"
      " min(id)");
    rows->bind(1, after);
    while (rows->executeStep()) {
      any = true;
      const auto* schema = tables_.by_id(rows->getColumn(0).getInt64());
      if (schema == nullptr)
        continue;
      auto record = record_of(rows->getColumn(1));
      if (!record)
        return fail(errc::invalid_argument,
                    "A row of \"" + schema->table + "\" has a "
                      + schema->key_column
                      + " that is no UUID in lower case with dashes and not"
                        " 16 bytes; nothing was changed.");
      touched_row row{schema->id, *record,
                      names_in(rows->getColumn(3).getString()),
                      rows->getColumn(2).getInt() != 0};
      // Text and bytes may be two keys of one record.
      auto [at, is_new]
        = places.try_emplace({schema->id, *record}, list.size());
      if (is_new)
        list.push_back(std::move(row));
      else
        list[at->second].all_changed = true;
    }
  }
  if (any) {
    auto forget = statements_.use("DELETE FROM lockstep_touched WHERE id > ?");
    forget->bind(1, after);
    forget->exec();
  }
  return list;
}

std::int64_t capture::newest_note() {
  auto row = statements_.use("SELECT coalesce(max(id), 0) FROM"
                             " lockstep_touched");
  row->executeStep();
  return row->getColumn(0).getInt64();
}

std::vector<record_key> capture::take_records_after(std::int64_t note) {
  std::vector<record_key> list;
  if (auto touched = take_touched(note))
    for (const auto& row : *touched)
      list.emplace_back(tables_.by_id(row.model)->model, row.record);
  return list;
}

expected<std::vector<operation>> capture::drain(std::size_t image_limit,
                                                std::int64_t after) {
  auto touched = take_touched(after);
  if (!touched)
    return tl::make_unexpected(touched.error());
  std::vector<operation> list;
  list.reserve(touched->size());
  for (auto& row : *touched) {
    if (!row.all_changed && row.changed.empty())
      continue;
    const auto& schema = *tables_.by_id(row.model);
    operation what;
    what.model = schema.model;
    what.record = row.record;
    set_base(what);
    const bool existed = what.change == change_type::update;
    auto image = rows_.read(schema, row.record);
    if (!image && !existed)
      continue;
    if (!image) {
      what.change = change_type::remove;
    } else {
      what.data = std::move(*image);
      if (existed && !row.all_changed)
        what.changed = std::move(row.changed);
    }
    if (what.data.size() > image_limit)
      return fail(errc::too_large, "A row of \"" + schema.table + "\" is "
                                     + std::to_string(what.data.size())
                                     + " bytes; the limit is "
                                     + std::to_string(image_limit)
                                     + " (setting library.entry_bytes_limit).");
    list.push_back(std::move(what));
  }
  return list;
}

void capture::set_base(operation& what) {
  const auto state = index_.find(what.model, what.record);
  what.base_version = state.version;
  bool exists = state.version && !state.deleted;
  if (auto mine = pending_.newest_of(what.model, what.record)) {
    what.base_operation = mine->device_sequence;
    exists = mine->change != change_type::remove;
  }
  what.change = exists ? change_type::update : change_type::insert;
}

} // namespace lockstep

#include "persistence/capture.hpp"

#include "messages/json_value.hpp"
#include "persistence/image.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace lockstep {

namespace {

constexpr std::int64_t notes_at_once = 2'000;

bool refers_to_rows(const tracked_table_schema* schema) {
  return std::any_of(
    schema->columns.begin(), schema->columns.end(),
    [](const tracked_column& column) { return !column.refers_to.empty(); });
}

/// The columns of the table in which two images differ. What the older one does
/// not know has changed unless it is NULL, or the key that the record has.
std::vector<std::string> differing_columns(const tracked_table_schema& schema,
                                           const nlohmann::json& before,
                                           const nlohmann::json& now) {
  std::vector<std::string> names;
  for (const auto& [name, value] : now.items()) {
    auto old_value = before.find(name);
    if (old_value == before.end())
      if (const auto* column = schema.find(name);
          column != nullptr && !column->earlier_name.empty())
        old_value = before.find(column->earlier_name);
    const bool changed = old_value != before.end()
                           ? !is_same_value(*old_value, value)
                           : !value.is_null() && !schema.is_key(name)
                               && name != schema.number_in_image;
    if (changed)
      names.push_back(name);
  }
  return names;
}

/// Tells apart what notes are about: rows, or records that have none.
std::string subject_of(std::int64_t model, const sql_value& key,
                       const std::string& random) {
  auto text = std::to_string(model) + ' ';
  if (const auto* number = std::get_if<std::int64_t>(&key))
    return text += std::to_string(*number);
  const auto* values = std::get_if<std::string>(&key);
  return values != nullptr ? text += *values : text += '#' + random;
}

/// What other devices keep in columns that this one does not have stays in the
/// record's images.
void carry_over(const tracked_table_schema& schema,
                const nlohmann::json& before, nlohmann::json& now) {
  for (const auto& [name, value] : before.items()) {
    if (now.contains(name))
      continue;
    bool renamed = false;
    for (const auto& column : schema.columns)
      renamed = renamed || column.earlier_name == name;
    if (!renamed)
      now[name] = value;
  }
}

} // namespace

std::vector<capture::note> capture::read_notes(std::int64_t after,
                                               std::int64_t through) {
  std::vector<note> list;
  std::unordered_map<std::string, std::size_t> subjects;
  auto rows = statements_.use("SELECT model, key, noted_at, random, id FROM"
                              " lockstep_touched WHERE id > ? AND id <= ?"
                              " ORDER BY id");
  rows->bind(1, after);
  rows->bind(2, through);
  while (rows->executeStep()) {
    const auto* schema = tables_.by_id(rows->getColumn(0).getInt64());
    if (schema == nullptr || !schema->present)
      continue;
    const auto noted_at = rows->getColumn(2).getDouble();
    const bool is_unbased = noted_at < 0;
    const bool is_removed
      = rows->getColumn(3).isBlob() && rows->getColumn(3).getBytes() == 0;
    const mint from{std::fabs(noted_at), rows->getColumn(3).getString(),
                    static_cast<std::uint32_t>(rows->getColumn(4).getInt64())};
    const auto subject = to_sql_value(rows->getColumn(1));
    const auto [known, is_first] = subjects.try_emplace(
      subject_of(schema->id, subject, from.random), list.size());
    if (!is_first) {
      auto& earlier = list[known->second];
      earlier.for_new.merge(from);
      earlier.is_removed = is_removed;
      earlier.is_unbased = earlier.is_unbased || is_unbased;
      continue;
    }
    note what{schema, {}, from, {}, false, is_removed, is_unbased};
    if (std::holds_alternative<std::nullptr_t>(subject)) {
      // See note_record.
      what.record.emplace();
      std::copy_n(from.random.begin(), 16, what.record->bytes.begin());
    } else if (auto key = read_note(subject)) {
      what.key = std::move(*key);
    } else {
      subjects.erase(known);
      continue;
    }
    list.push_back(std::move(what));
  }
  return list;
}

std::vector<capture::note> capture::take_notes(std::int64_t after,
                                               std::int64_t through) {
  auto list = read_notes(after, through);
  auto forget = statements_.use("DELETE FROM lockstep_touched WHERE id > ? AND"
                                " id <= ?");
  forget->bind(1, after);
  forget->bind(2, through);
  forget->exec();
  return list;
}

std::vector<capture::noted_change> capture::resolve(std::vector<note> notes) {
  // Natural keys may be made of other rows' record ids, so those come last. A
  // number is known first as that of the row that had it.
  auto turn_of = [](const note& what) {
    if (std::holds_alternative<std::int64_t>(what.key))
      return 0;
    return what.schema->kind == key_kind::natural ? 2 : 1;
  };
  for (const int turn : {0, 1, 2})
    for (auto& what : notes)
      if (!what.record && turn_of(what) == turn)
        if (const auto found
            = keys_.record_of(*what.schema, what.key, what.for_new)) {
          what.record = found->id;
          what.is_new = found->is_new;
        }
  std::vector<noted_change> list;
  list.reserve(notes.size());
  std::unordered_set<std::string> known;
  for (const auto& what : notes) {
    if (!what.record)
      continue;
    std::string name = std::to_string(what.schema->id) + ' ';
    name.append(what.record->bytes.begin(), what.record->bytes.end());
    // Two notes may name one record: by its number, and by its key.
    if (known.insert(std::move(name)).second)
      list.push_back({what.schema, *what.record,
                      what.is_new
                        ? std::optional{std::get<std::int64_t>(what.key)}
                        : std::nullopt,
                      what.is_unbased});
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
  return take_records(note, newest_note());
}

std::vector<record_key> capture::take_records(std::int64_t after,
                                              std::int64_t through) {
  std::vector<record_key> list;
  for (const auto& noted : resolve(take_notes(after, through)))
    list.emplace_back(noted.schema->model, noted.record);
  return list;
}

void capture::name_new_rows(std::int64_t after, std::int64_t through) {
  const auto all = tables_.all();
  if (std::none_of(all.begin(), all.end(), refers_to_rows))
    return;
  for (auto from = after; from < through; from += notes_at_once)
    for (const auto& what :
         read_notes(from, std::min(from + notes_at_once, through)))
      if (!what.record && what.schema->kind == key_kind::integer)
        keys_.record_of(*what.schema, what.key, what.for_new);
}

void capture::note_referring_rows(std::int64_t after, std::int64_t through) {
  for (auto from = after; from < through; from += notes_at_once)
    for (const auto& what :
         read_notes(from, std::min(from + notes_at_once, through)))
      if (!what.record)
        owners_.look_at(*what.schema, what.key);
}

expected<void> capture::drain(std::size_t image_limit, std::int64_t after,
                              const piece_keeper& keep) {
  if (owners_.are_possible())
    note_referring_rows(after, newest_note());
  const auto through = newest_note();
  if (through - after > notes_at_once)
    name_new_rows(after, through);
  gone_rows gone;
  for (auto from = after; from < through; from += notes_at_once) {
    const auto noted
      = resolve(take_notes(from, std::min(from + notes_at_once, through)));
    bool any_pending = !pending_.is_empty();
    std::vector<captured_change> piece;
    piece.reserve(noted.size());
    std::size_t size = 0;
    for (const auto& one : noted) {
      const auto before = piece.size();
      if (auto added = add(one, any_pending, image_limit, piece, gone); !added)
        return added;
      size += piece.size() > before ? piece.back().what.data.size() : 0;
      if (size < piece_bytes)
        continue;
      if (auto kept = keep(std::exchange(piece, {})); !kept)
        return kept;
      size = 0;
      any_pending = !pending_.is_empty();
    }
    if (!piece.empty())
      if (auto kept = keep(std::move(piece)); !kept)
        return kept;
  }
  for (const auto& [table, record] : gone)
    keys_.kept.release(table, record);
  return {};
}

expected<void> capture::add(const noted_change& noted, bool any_pending,
                            std::size_t image_limit,
                            std::vector<captured_change>& list,
                            gone_rows& gone) {
  const auto& schema = *noted.schema;
  captured_change made;
  auto& what = made.what;
  what.model = schema.model;
  what.record = noted.record;
  if (!noted.new_at)
    made.before = set_base(what, any_pending);
  const bool existed = what.change == change_type::update;
  auto image = noted.new_at ? rows_.read_new(schema, what.record, *noted.new_at)
                            : rows_.read(schema, what.record);
  if (!image) {
    gone.emplace_back(schema.id, what.record);
    if (!existed)
      return {};
    what.change = change_type::remove;
    list.push_back(std::move(made));
    return {};
  }
  if (existed)
    if (const auto before = base_image(what)) {
      what.changed = differing_columns(schema, *before, *image);
      if (what.changed.empty())
        return {};
      carry_over(schema, *before, *image);
    }
  if (existed && noted.is_unbased && !what.base_operation) {
    what.change = change_type::insert;
    what.base_version = {};
    what.changed.clear();
  }
  what.data = image->dump();
  if (auto fits = check_size(schema, what.data.size(), image_limit); !fits)
    return fits;
  list.push_back(std::move(made));
  return {};
}

expected<void> capture::check_size(const tracked_table_schema& schema,
                                   std::size_t size, std::size_t image_limit) {
  if (size <= image_limit)
    return {};
  return fail(errc::too_large,
              "A row of \"" + schema.table + "\" is " + std::to_string(size)
                + " bytes; the limit is " + std::to_string(image_limit)
                + " (setting library.entry_bytes_limit).");
}

std::optional<nlohmann::json> capture::base_image(const operation& what) {
  std::string text;
  if (what.base_operation) {
    text = pending_.newest_of(what.model, what.record)->data;
  } else {
    auto found = images_(index_.find(what.model, what.record).latest);
    if (!found)
      return std::nullopt;
    text = std::move(*found);
  }
  auto image = nlohmann::json::parse(text, nullptr, false);
  if (!image.is_object())
    return std::nullopt;
  return image;
}

void capture::note_rows(const tracked_table_schema& schema, bool unbased) {
  // What rows are made from without a base is noted by a time below zero.
  statements_
    .use("INSERT INTO lockstep_touched(model, key, noted_at, random) SELECT "
         + std::to_string(schema.id) + ", " + note_of_key(schema, "t") + ", "
         + (unbased ? "-" : "") + "julianday('now'), randomblob(10) FROM "
         + schema.sql.table + " AS t")
    ->exec();
}

std::set<record_id> capture::removed_of(const tracked_table_schema& schema) {
  std::set<record_id> removed;
  const auto newest = newest_note();
  for (std::int64_t from = 0; from < newest; from += notes_at_once)
    for (const auto& what :
         read_notes(from, std::min(from + notes_at_once, newest))) {
      if (what.schema->id != schema.id)
        continue;
      auto record = what.record;
      if (const auto* number = std::get_if<std::int64_t>(&what.key);
          number && !record)
        record = keys_.kept.record_at(schema.id, *number);
      else if (const auto found
               = record ? std::nullopt
                        : keys_.record_of(schema, what.key, what.for_new))
        record = found->id;
      if (!record)
        continue;
      if (what.is_removed)
        removed.insert(*record);
      else
        removed.erase(*record);
    }
  return removed;
}

void capture::note_all(const tracked_table_schema& schema) {
  note_rows(schema, false);
  for (const auto& one : index_.live_of(schema))
    if (!rows_.read(schema, one.record))
      note_record(statements_, schema, one.record);
}

void capture::note_references_to(const tracked_table_schema& schema) {
  for (const auto* child : tables_.all())
    for (const auto& column : child->columns)
      if (child->present && child->id != schema.id
          && is_same_name(column.refers_to, schema.table))
        statements_
          .use("INSERT INTO lockstep_touched(model, key) SELECT "
               + std::to_string(child->id) + ", " + note_of_key(*child, "t")
               + " FROM " + sql_name(child->table) + " AS t WHERE t."
               + sql_name(column.name) + " IS NOT NULL")
          ->exec();
}

record_state capture::set_base(operation& what) {
  return set_base(what, !pending_.is_empty());
}

record_state capture::set_base(operation& what, bool any_pending) {
  const auto state = index_.find(what.model, what.record);
  what.base_version = state.version;
  bool exists = state.version && !state.deleted;
  if (auto mine = any_pending ? pending_.newest_of(what.model, what.record)
                              : std::nullopt) {
    what.base_operation = mine->device_sequence;
    // Whose number that is, until this one gets a maker: one that was taken
    // back from a log that was cut may be another device's.
    what.device = mine->device;
    // What the log has got meanwhile is not what stood in the table.
    what.base_version = mine->base_version;
    exists = mine->change != change_type::remove;
  }
  what.change = exists ? change_type::update : change_type::insert;
  return state;
}

} // namespace lockstep

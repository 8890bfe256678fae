#include "persistence/changed_owners.hpp"

#include "persistence/image.hpp"
#include "persistence/record_index.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace lockstep {

namespace {

bool refers_to(const tracked_table_schema& child,
               const tracked_table_schema& parent) {
  return std::any_of(child.columns.begin(), child.columns.end(),
                     [&](const tracked_column& column) {
                       return is_same_name(column.refers_to, parent.table);
                     });
}

} // namespace

bool changed_owners::are_possible() {
  if (version_ != tables_.seen_version()) {
    version_ = tables_.seen_version();
    exposed_.clear();
    const auto all = tables_.all();
    for (const auto* parent : all)
      if (parent->is_numbered() && parent->kind != key_kind::integer
          && std::any_of(all.begin(), all.end(), [&](const auto* child) {
               return refers_to(*child, *parent);
             }))
        exposed_.insert(parent->id);
  }
  return !exposed_.empty();
}

void changed_owners::look_at(const tracked_table_schema& schema,
                             const noted_key& key) {
  if (!exposed_.contains(schema.id))
    return;
  auto number = std::get_if<std::int64_t>(&key)
                  ? std::optional{std::get<std::int64_t>(key)}
                  : std::nullopt;
  if (const auto* values = std::get_if<key_values>(&key)) {
    auto row
      = statements_.use("SELECT " + schema.number + " FROM " + schema.sql.table
                        + " WHERE " + schema.sql.has_key);
    row_location{{}, *values}.bind_to(*row);
    if (row->executeStep())
      number = row->getColumn(0).getInt64();
  }
  if (number && keys_.has_changed_hands(schema, *number))
    note_referring(schema, *number);
}

void changed_owners::note_referring(const tracked_table_schema& parent,
                                    std::int64_t number) {
  for (const auto* child : tables_.all())
    if (child->present)
      for (const auto& column : child->columns)
        if (is_same_name(column.refers_to, parent.table))
          note_rows(*child, column, number);
}

void changed_owners::note_rows(const tracked_table_schema& child,
                               const tracked_column& column,
                               std::int64_t number) {
  std::vector<sql_value> notes;
  {
    auto rows = statements_.use("SELECT " + note_of_key(child, "t") + " FROM "
                                + sql_name(child.table) + " AS t WHERE t."
                                + sql_name(column.name) + " = ?");
    rows->bind(1, number);
    while (rows->executeStep())
      notes.push_back(to_sql_value(rows->getColumn(0)));
  }
  for (const auto& note : notes) {
    const bool is_key
      = child.kind == key_kind::natural && child.is_key(column.name);
    // Its key is made of the record, so it is another record, too, and the one
    // that it was goes first.
    if (const auto key = is_key ? read_note(note) : std::nullopt)
      if (const auto* values = std::get_if<key_values>(&*key))
        if (const auto before = keys_.record_before(child, *values))
          note_record(statements_, child, *before);
    {
      auto add = statements_.use("INSERT INTO lockstep_touched(model, key)"
                                 " VALUES(?, ?)");
      add->bind(1, child.id);
      bind_value(*add, 2, note);
      add->exec();
    }
    if (is_key && child.number == sql_name(column.name))
      note_referring(child, number);
  }
}

void note_record(statement_cache& statements,
                 const tracked_table_schema& schema, record_id record) {
  // A note without a key names the record itself.
  auto add = statements.use("INSERT INTO lockstep_touched(model, random)"
                            " VALUES(?, ?)");
  add->bind(1, schema.id);
  bind_id(*add, 2, record);
  add->exec();
}

} // namespace lockstep

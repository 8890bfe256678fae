#include "tests/simulation/page_edits.hpp"

#include "messages/ids.hpp"

#include <array>
#include <utility>

namespace lockstep::simulation {

namespace {

constexpr std::uint64_t edited_names = 8;
constexpr std::array<std::pair<std::string_view, std::size_t>, 7> sizes{
  {{"page", 30},
   {"page_first", 15},
   {"page_merge", 15},
   {"page_union", 15},
   {"named", 12},
   {"child", 8},
   {"leaf", 5}}};

/// The new value of a column: the text, and the one that it is written over.
std::string over(const std::string& column, const std::string& text) {
  return column + " = " + text + " || '<' || substr(" + column + ", 1, instr("
         + column + ", ';'))";
}

} // namespace

page_edits::page_edits(stepper& draws, std::uint64_t& texts)
  : draws_(draws), texts_(texts) {
}

std::string page_edits::fresh_text() {
  return text_of_number(++texts_);
}

std::string page_edits::fresh_id() {
  const auto number = ++texts_;
  return to_string(record_id{make_uuid_v7(1'767'225'600'000 + number, number,
                                          draws_.draw(~std::uint64_t{0}))});
}

std::string page_edits::any_of(const std::string& table) {
  auto& list = records_[table];
  for (const auto& [name, size] : sizes)
    if (name == table)
      while (list.size() < size)
        list.push_back(fresh_id());
  for (;;)
    if (const auto& one = list.at(draws_.draw(list.size()));
        edited_.insert(one).second)
      return one;
}

std::string page_edits::any_name() {
  return "name " + std::to_string(draws_.draw(edited_names));
}

void page_edits::remove(draft& to, const std::string& table,
                        const std::string& which,
                        const std::vector<sql_value>& values) {
  auto noted = values;
  noted.emplace_back(fresh_id());
  const auto last = "?" + std::to_string(noted.size());
  const auto columns
    = table.starts_with("page")
        ? std::string{table == "page_union" ? "a || tags" : "a || b || c"}
        : "a";
  to.steps.emplace_back(sql_statement{
    "INSERT INTO gone(uuid, was) SELECT " + last
      + ", was FROM (SELECT group_concat(" + columns + ", '') AS was FROM "
      + table + " WHERE " + which + ") WHERE was IS NOT NULL",
    noted});
  to.steps.emplace_back(
    sql_statement{"DELETE FROM " + table + " WHERE " + which, values});
}

/// Writes some of its columns, whether the device has it or not.
void page_edits::edit_page(draft& to, const std::string& table) {
  std::vector<std::string> columns{"a", "b", "c"};
  while (columns.size() > 1 && !draws_.one_in(3))
    columns.erase(columns.begin()
                  + static_cast<std::ptrdiff_t>(draws_.draw(columns.size())));
  std::vector<sql_value> values{any_of(table)};
  std::string written = "uuid";
  std::string places = "?1";
  std::string updates;
  for (const auto& column : columns) {
    to.texts.push_back(fresh_text());
    values.emplace_back(to.texts.back());
    written += ", " + column;
    places += ", ?" + std::to_string(values.size());
    updates
      += (updates.empty() ? "" : ", ") + over(column, "excluded." + column);
  }
  to.steps.emplace_back(
    sql_statement{"INSERT INTO " + table + "(" + written + ") VALUES(" + places
                    + ") ON CONFLICT(uuid) DO UPDATE SET " + updates,
                  std::move(values)});
}

void page_edits::delete_page(draft& to, const std::string& table) {
  const auto page = any_of(table);
  if (table != "page")
    return remove(to, table, "uuid = ?1", {page});
  // Its leaves go with it.
  const std::string has_no_child
    = " AND NOT EXISTS (SELECT 1 FROM child WHERE child.page = ?1)";
  to.steps.emplace_back(sql_statement{"INSERT INTO gone(uuid, was) SELECT ?2, "
                                      "was FROM (SELECT group_concat(a, '')"
                                      " AS was FROM leaf WHERE leaf.page = ?1"
                                        + has_no_child
                                        + ") WHERE was IS NOT NULL",
                                      {page, fresh_id()}});
  remove(to, table, "uuid = ?1" + has_no_child, {page});
}

void page_edits::edit_tags(draft& to) {
  const auto page = any_of("page_union");
  switch (draws_.draw(3)) {
    case 0:
      to.steps.emplace_back(sql_statement{
        "INSERT INTO gone(uuid, was) SELECT ?2, json_extract(tags, '$[0]') FROM"
        " page_union WHERE uuid = ?1 AND json_array_length(tags) > 0",
        {page, fresh_id()}});
      to.steps.emplace_back(
        sql_statement{"UPDATE page_union SET tags = json_remove(tags, '$[0]')"
                      " WHERE uuid = ?1 AND json_array_length(tags) > 0",
                      {page}});
      return;
    case 1:
      to.texts.push_back(fresh_text());
      to.steps.emplace_back(
        sql_statement{"INSERT INTO page_union(uuid, a) VALUES(?1, ?2) ON"
                      " CONFLICT(uuid) DO UPDATE SET "
                        + over("a", "excluded.a"),
                      {page, to.texts.back()}});
      return;
    default:
      to.texts.push_back(fresh_text());
      to.steps.emplace_back(sql_statement{
        "INSERT INTO page_union(uuid, tags) VALUES(?1, json_array(?2)) ON"
        " CONFLICT(uuid) DO UPDATE SET tags = json_insert(tags, '$[#]', ?2)",
        {page, to.texts.back()}});
  }
}

void page_edits::change_name(draft& to) {
  const auto record = any_of("named");
  switch (draws_.draw(6)) {
    case 0:
      return remove(to, "named", "uuid = ?1", {record});
    case 1:
      to.steps.emplace_back(sql_statement{"UPDATE named SET " + over("a", "?2")
                                            + " WHERE uuid = ?1",
                                          {record, fresh_text()}});
      return;
    case 2:
      to.steps.emplace_back(
        sql_statement{"UPDATE OR IGNORE named SET name = ?3, " + over("a", "?2")
                        + " WHERE uuid = ?1",
                      {record, fresh_text(), any_name()}});
      return;
    case 3: {
      // Whoever had the name gives it away.
      const auto name = any_name();
      if (!edited_.insert(name).second)
        return;
      remove(to, "named", "name = ?1 AND uuid <> ?2", {name, record});
      to.steps.emplace_back(
        sql_statement{"INSERT OR IGNORE INTO named VALUES(?1, ?2, ?3)",
                      {record, name, fresh_text()}});
      return;
    }
    default:
      to.steps.emplace_back(
        sql_statement{"INSERT OR IGNORE INTO named VALUES(?1, ?2, ?3)",
                      {record, any_name(), fresh_text()}});
  }
}

void page_edits::change_child(draft& to, const std::string& table) {
  const auto record = any_of(table);
  const auto some = static_cast<std::int64_t>(draws_.draw(10));
  switch (draws_.draw(5)) {
    case 0:
      return remove(to, table, "uuid = ?1", {record});
    case 1:
      to.steps.emplace_back(sql_statement{
        "UPDATE " + table + " SET " + over("a", "?2")
          + ", page = coalesce((SELECT uuid FROM page ORDER BY uuid LIMIT 1"
            " OFFSET ?3), page) WHERE uuid = ?1",
        {record, fresh_text(), some}});
      return;
    default:
      to.steps.emplace_back(
        sql_statement{"INSERT OR IGNORE INTO " + table
                        + " SELECT ?1, uuid, ?2 FROM page ORDER BY uuid LIMIT 1"
                          " OFFSET ?3",
                      {record, fresh_text(), some}});
  }
}

draft page_edits::make(std::uint64_t edits) {
  draft made;
  edited_.clear();
  for (; edits > 0; --edits)
    add_to(made);
  return made;
}

void page_edits::add_to(draft& to) {
  static constexpr std::array<const char*, 3> pages{"page", "page_first",
                                                    "page_merge"};
  switch (draws_.draw(12)) {
    case 0:
      return delete_page(to, pages.at(draws_.draw(pages.size())));
    case 1:
    case 2:
      return edit_tags(to);
    case 3:
      if (draws_.one_in(4))
        return remove(to, "page_union", "uuid = ?1", {any_of("page_union")});
      return edit_tags(to);
    case 4:
    case 5:
      return change_name(to);
    case 6:
      return change_child(to, "child");
    case 7:
      return change_child(to, "leaf");
    default:
      return edit_page(to, pages.at(draws_.draw(pages.size())));
  }
}

} // namespace lockstep::simulation

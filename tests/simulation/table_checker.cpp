#include "tests/simulation/table_checker.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace lockstep::simulation {

namespace {

/// Runs `work` on a connection of its own to the device's database; what SQLite
/// throws is a failure.
template <class F> auto look_at(const world& where, device& which, F work) {
  using result = expected<decltype(work(std::declval<SQLite::Database&>()))>;
  calm_disk calm{*which.disk};
  try {
    if (!which.reader)
      which.reader = std::make_unique<SQLite::Database>(
        where.database_of(which).string(), SQLite::OPEN_READONLY);
    return result{work(*which.reader)};
  } catch (const SQLite::Exception& problem) {
    return result{fail(errc::io, problem.what())};
  }
}

std::uint64_t number(SQLite::Database& file, const std::string& query) {
  return static_cast<std::uint64_t>(file.execAndGet(query).getInt64());
}

std::string text_of(SQLite::Database& file, const std::string& query) {
  std::string text;
  SQLite::Statement rows{file, query};
  while (rows.executeStep()) {
    for (int i = 0; i < rows.getColumnCount(); ++i)
      text += (i == 0 ? "" : "|") + rows.getColumn(i).getString();
    text += "\n";
  }
  return text;
}

std::string half_of_a_group(SQLite::Database& file) {
  return text_of(file, "SELECT grp, count(*), max(size) FROM batch GROUP BY grp"
                       " HAVING count(*) <> max(size)");
}

/// Whether the number that a SELECT gives is not 0; false where it cannot be
/// read.
bool is_so(const world& where, device& which, const std::string& select) {
  return look_at(where, which,
                 [&](SQLite::Database& file) { return number(file, select); })
           .value_or(0U)
         != 0;
}

} // namespace

expected<file_state> read_state(const world& where, device& which) {
  return look_at(where, which, [](SQLite::Database& file) {
    return file_state{
      number(file, "SELECT count(*) FROM lockstep_pending"),
      number(file, "SELECT applied_sequence FROM lockstep_state"),
      number(file, "SELECT count(*) FROM lockstep_set_aside"),
      number(file, "SELECT count(*) FROM lockstep_touched")};
  });
}

std::string name_pending(const world& where, device& which) {
  return look_at(where, which,
                 [](SQLite::Database& file) {
                   return text_of(
                     file, "SELECT id, substr(lower(hex(device)), 1, 8),"
                           " device_sequence, transaction_end, model,"
                           " base_version,"
                           " base_operation FROM lockstep_pending LIMIT 5");
                 })
    .value_or(std::string{});
}

bool was_named_before(const world& where, device& which, device_id whom) {
  auto id = to_string(whom);
  std::erase(id, '-');
  return is_so(where, which,
               "WITH named AS (SELECT model, record_id FROM lockstep_pending,"
               " lockstep_state WHERE fetching_anew OR lockstep_pending.id <= 0"
               " UNION SELECT model, record_id FROM lockstep_unlogged WHERE NOT"
               " deleted) SELECT count(*) FROM named WHERE model ="
               " 'lockstep.member' AND hex(record_id) = upper('"
                 + id + "')");
}

bool has_given_back_all(const world& where, device& which) {
  return is_so(where, which, "SELECT fetching_anew & 1 FROM lockstep_state");
}

bool waits_for_members(const world& where, device& which) {
  return is_so(where, which,
               "SELECT fetching_anew & 2 OR first_sync = 1 FROM"
               " lockstep_state");
}

void check_tables(const world& where, device& which, verdict& result) {
  auto looked = look_at(where, which, [&](SQLite::Database& file) {
    if (const auto broken = text_of(file, "PRAGMA foreign_key_check");
        !broken.empty())
      result.fail("P10: foreign keys are broken on " + which.name + ": "
                  + broken);
    if (const auto broken = text_of(file, "PRAGMA integrity_check");
        broken != "ok\n")
      result.fail("P10: " + which.name
                  + " fails the integrity check: " + broken);
    if (const auto half = half_of_a_group(file); !half.empty())
      result.fail("P8: " + which.name
                  + " shows a part of a transaction (group|rows|of): " + half);
    return 0;
  });
  if (!looked)
    result.fail("P10: the tables of " + which.name
                + " cannot be read: " + looked.error().message);
}

expected<std::string> read_tables(const world& where, device& which) {
  return look_at(where, which, [&](SQLite::Database& file) {
    std::string text;
    for (const auto& table : where.tables) {
      const std::string name{table.name};
      text
        += name + "\n" + text_of(file, "SELECT * FROM " + name + " ORDER BY 1");
    }
    return text;
  });
}

std::map<std::string, std::int64_t> numbers_of(const world& where,
                                               device& which) {
  auto found = look_at(where, which, [](SQLite::Database& file) {
    std::map<std::string, std::int64_t> numbers;
    SQLite::Statement rows{
      file, "SELECT text, id FROM album UNION ALL SELECT text, id FROM photo"};
    while (rows.executeStep())
      numbers[rows.getColumn(0).getString()] = rows.getColumn(1).getInt64();
    return numbers;
  });
  return found.value_or(std::map<std::string, std::int64_t>{});
}

void check_replay(const world& where, device& which,
                  const std::vector<entry>& log, verdict& result) {
  std::map<std::pair<std::string, record_id>, const entry*> latest;
  for (const auto& what : log)
    latest[{what.model, what.record}] = &what;
  const std::map<std::string, std::vector<std::string>> columns{
    {"note", {"uuid", "text", "stars"}},
    {"label", {"uuid", "name", "text"}},
    {"batch", {"uuid", "grp", "size", "text"}},
    {"page", {"uuid", "a", "b", "c"}},
    {"page_first", {"uuid", "a", "b", "c"}},
    {"page_merge", {"uuid", "a", "b", "c"}},
    {"page_union", {"uuid", "a", "tags"}},
    {"named", {"uuid", "name", "a"}},
    {"child", {"uuid", "page", "a"}},
    {"leaf", {"uuid", "page", "a"}}};
  auto value = [](const nlohmann::json& image, const std::string& column) {
    const auto found = image.find(column);
    if (found == image.end() || found->is_null())
      return std::string{};
    return found->is_string() ? found->get<std::string>() : found->dump();
  };
  for (const auto& [table, names] : columns) {
    if (std::ranges::find(where.tables, table, &shared_table::name)
        == where.tables.end())
      continue;
    std::vector<std::string> rows;
    for (const auto& [record, what] : latest) {
      if (record.first != table || what->change == change_type::remove)
        continue;
      const auto image = nlohmann::json::parse(what->data);
      std::string row;
      for (const auto& name : names)
        row += (row.empty() ? "" : "|") + value(image, name);
      rows.push_back(row + "\n");
    }
    std::sort(rows.begin(), rows.end());
    std::string text;
    for (const auto& row : rows)
      text += row;
    auto held = look_at(where, which, [&](SQLite::Database& file) {
      return text_of(file, "SELECT * FROM " + table + " ORDER BY 1");
    });
    if (!held || *held != text)
      result.fail("P5: table " + table + " of " + which.name
                  + " is not what the log says:\n"
                  + (held ? *held : held.error().message) + "but the log:\n"
                  + text);
  }
}

} // namespace lockstep::simulation

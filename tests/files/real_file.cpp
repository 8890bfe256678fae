#include "tests/files/real_file.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <iostream>

namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 60min;

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (char c : name)
    text += c == '"' ? std::string{"\"\""} : std::string{c};
  return text + "\"";
}

/// Tables, indexes, views and triggers of a file, without the rows.
void copy_schema(const std::filesystem::path& from,
                 const std::filesystem::path& to) {
  SQLite::Database source{from.string(), SQLite::OPEN_READONLY};
  SQLite::Database target{to.string(),
                          SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  SQLite::Statement rows{source,
                         "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
                         " AND name NOT LIKE 'sqlite_%' ORDER BY"
                         " CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2"
                         " WHEN 'view' THEN 3 ELSE 4 END, rowid"};
  while (rows.executeStep())
    target.exec(rows.getColumn(0).getString());
}

struct edited_columns {
  std::string first;
  std::string text; ///< A column outside the primary key; empty if none.
};

edited_columns columns_of(SQLite::Database& database,
                          const std::string& table) {
  edited_columns found;
  SQLite::Statement rows{database, "SELECT name, pk, hidden, type FROM"
                                   " pragma_table_xinfo(?)"};
  rows.bind(1, table);
  while (rows.executeStep()) {
    const auto name = rows.getColumn(0).getString();
    if (found.first.empty())
      found.first = quoted(name);
    const auto type = rows.getColumn(3).getString();
    const bool is_text = type.find("CHAR") != std::string::npos
                         || type.find("TEXT") != std::string::npos;
    if (rows.getColumn(1).getInt() == 0 && rows.getColumn(2).getInt() == 0
        && is_text)
      found.text = quoted(name);
  }
  return found;
}

std::string where(const std::string& column, int every, int which) {
  return " WHERE (coalesce(length(" + column + "), 0) * 31 + coalesce(unicode("
         + column + "), 0) + coalesce(unicode(substr(" + column
         + ", -1)), 0) * 7) % " + std::to_string(every) + " = "
         + std::to_string(which) + ";";
}

std::string first_value(SQLite::Database& database, const std::string& sql) {
  SQLite::Statement row{database, sql};
  return row.executeStep() ? row.getColumn(0).getString() : std::string{};
}

} // namespace

void real_file::track_all(library& on) {
  auto all = on.tables().get();
  ASSERT_TRUE(all) << all.error().message;
  tracked.clear();
  for (const auto& table : all->tables) {
    if (!table.refusal.empty())
      continue;
    auto done = on.track({table.name, {}, {}}).get();
    ASSERT_TRUE(done) << table.name << ": " << done.error().message;
    tracked.push_back(done->table);
  }
}

void real_file::begin(const std::filesystem::path& file) {
  reference_ = folder / "reference.db";
  std::filesystem::copy_file(file, reference_);
  const auto start = std::chrono::steady_clock::now();
  for (const auto* name : {"a", "b", "c"}) {
    const auto path = folder / (std::string{name} + ".db");
    if (devices_.size() == 1)
      copy_schema(file, path);
    else
      std::filesystem::copy_file(file, path);
    node_options how;
    how.data_directory = directory_of(name);
    how.device_name = name;
    auto opened = node::open(shared, std::move(how));
    ASSERT_TRUE(opened) << opened.error().message;
    auto made
      = devices_.empty()
          ? opened->create_library("real", path)
          : devices_[0].own.share_library(devices_[0].shared, *opened, path);
    ASSERT_TRUE(made) << made.error().message;
    devices_.push_back({std::move(*opened), *made, path});
    // What the log knows is recognised in the copy.
    ASSERT_TRUE(come_together()) << name;
    track_all(devices_.back().shared);
    ASSERT_TRUE(come_together()) << name;
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    std::cout << file.filename().string() << " on device " << name << " after "
              << took.count() << " ms, memory at most " << used.ru_maxrss / 1024
              << " MiB\n";
  }
}

void real_file::edit(std::size_t device, const std::string& sql) {
  for (const auto& path : {devices_[device].file, reference_}) {
    SQLite::Database file{path.string(), SQLite::OPEN_READWRITE, 60'000};
    file.exec("BEGIN IMMEDIATE;" + sql + "COMMIT");
  }
  ASSERT_TRUE(come_together());
}

std::string real_file::change_some(int every, int which) {
  SQLite::Database file{reference_.string(), SQLite::OPEN_READONLY};
  std::string sql;
  for (const auto& table : tracked)
    if (const auto columns = columns_of(file, table); !columns.text.empty())
      sql += "UPDATE OR IGNORE " + quoted(table) + " SET " + columns.text
             + " = " + columns.text + " || '~'"
             + where(columns.first, every, which);
  return sql;
}

std::string real_file::remove_some(int every, int which) {
  SQLite::Database file{reference_.string(), SQLite::OPEN_READONLY};
  std::string sql;
  for (const auto& table : tracked)
    if (first_value(file, "SELECT count(*) FROM sqlite_schema s,"
                          " pragma_foreign_key_list(s.name) f WHERE s.type ="
                          " 'table' AND f.\"table\" = '"
                            + table + "' COLLATE NOCASE")
        == "0")
      sql += "DELETE FROM " + quoted(table)
             + where(columns_of(file, table).first, every, which);
  return sql;
}

bool real_file::come_together() {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (int calm = 0; calm < 3; std::this_thread::sleep_for(30ms)) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    bool same = true;
    sequence_number head;
    for (auto& one : devices_) {
      const auto now = one.shared.status().get();
      SQLite::Database file{one.file.string(), SQLite::OPEN_READONLY, 60'000};
      same
        = same && now && now->pending == 0
          && now->applied == now->head.position.sequence
          && (!head || head == now->applied)
          && first_value(file, "SELECT count(*) FROM lockstep_touched") == "0";
      head = now ? now->applied : head;
      EXPECT_EQ(now ? now->capture_problem : "no status", "");
    }
    calm = same ? calm + 1 : 0;
  }
  return true;
}

void real_file::expect_equal() {
  const auto digest = devices_[0].shared.digest().get();
  ASSERT_TRUE(digest) << digest.error().message;
  for (auto& one : devices_) {
    EXPECT_EQ(one.shared.digest().get(), digest) << one.file;
    const auto now = one.shared.status().get();
    EXPECT_EQ(now->set_aside, 0U) << one.file;
    EXPECT_EQ(now->conflicts, 0U) << one.file;
    SQLite::Database file{one.file.string(), SQLite::OPEN_READWRITE, 60'000};
    EXPECT_EQ(first_value(file, "PRAGMA integrity_check"), "ok") << one.file;
    file.exec("ATTACH '" + reference_.string() + "' AS reference");
    for (const auto& table : tracked) {
      const auto mine = "SELECT * FROM main." + quoted(table);
      const auto theirs = "SELECT * FROM reference." + quoted(table);
      for (const auto& sql :
           {"SELECT count(*) FROM (" + mine + " EXCEPT " + theirs + ")",
            "SELECT count(*) FROM (" + theirs + " EXCEPT " + mine + ")",
            "SELECT (SELECT count(*) FROM main." + quoted(table)
              + ") - (SELECT count(*) FROM reference." + quoted(table) + ")"})
        EXPECT_EQ(first_value(file, sql), "0") << one.file << ": " << sql;
    }
  }
}

} // namespace lockstep

#include "tests/crash/slow_kill.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace lockstep {

namespace {

constexpr auto own_tables
  = "CREATE TABLE town(id INTEGER PRIMARY KEY, name UNIQUE);"
    "CREATE TABLE street(name, town REFERENCES town);"
    "CREATE INDEX by_town ON street(town);"
    "INSERT INTO town(name) VALUES('Ulm'), ('Bonn');"
    "INSERT INTO street VALUES('Hauptstr.', 1)";

/// All that a program finds in a database.
std::string content(const std::filesystem::path& file) {
  SQLite::Database database{file.string(), SQLite::OPEN_READWRITE, 5'000};
  std::string text = database.execAndGet("PRAGMA journal_mode").getString();
  for (const auto* sql :
       {"SELECT name || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY"
        " name",
        "SELECT id || name FROM town ORDER BY id", "SELECT * FROM street"}) {
    SQLite::Statement rows{database, sql};
    while (rows.executeStep())
      text += "\n" + rows.getColumn(0).getString();
  }
  return text;
}

} // namespace

TEST_F(slow_kill, leaves_a_file_that_can_be_detached) {
  const auto file = directory / "own.sqlite";
  SQLite::Database{file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}
    .exec(own_tables);
  const auto before = content(file);
  std::size_t found = 0;
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE("kill " + std::to_string(i));
    // The last one has time to do all of it, on a busy machine as well.
    const std::uint64_t most = i == 39 ? 5'000'000 : 60'000;
    const std::chrono::microseconds after{i == 39 ? most : random() % most};
    ASSERT_NO_FATAL_FAILURE(kill_one("attach", {true, after}));
    runtime shared;
    auto device = node::open(shared, crash_options(directory / "a"));
    ASSERT_TRUE(device) << device.error().message;
    const auto known = device->libraries();
    ASSERT_TRUE(known) << known.error().message;
    for (const auto& one : *known) {
      const auto gone = device->delete_library(one.id, true);
      ASSERT_TRUE(gone) << gone.error().message;
    }
    found += known->size();
    ASSERT_EQ(content(file), before);
  }
  EXPECT_LT(0U, found) << "no kill came while the file was attached";
  EXPECT_LT(0U, indexed) << "nothing was ever done to the end";
}

} // namespace lockstep

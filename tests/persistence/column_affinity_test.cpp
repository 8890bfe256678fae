#include "persistence/column_affinity.hpp"

#include "persistence/image.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

// SQLite itself says what is right.
namespace lockstep {

namespace {

const std::vector<std::string> types{
  "",      "INTEGER",       "int",   "TINYINT", "CHARINT", "FLOATING POINT",
  "TEXT",  "VARCHAR(20)",   "clob",  "BLOB",    "REAL",    "DOUBLE PRECISION",
  "float", "NUMERIC",       "JSON",  "BOOLEAN", "DATE",    "DECIMAL(10,5)",
  "uuid",  "CHARACTER(36)", "STRING"};

const std::vector<std::string> values{"null",
                                      "0",
                                      "1",
                                      "-5",
                                      "9223372036854775807",
                                      "0.0",
                                      "-0.0",
                                      "5.0",
                                      "-1e300",
                                      "0.1",
                                      "1e15",
                                      "\"\"",
                                      "\"5\"",
                                      "\"5.50\"",
                                      "\"1e3\"",
                                      "\"x\"",
                                      "\"ä\"",
                                      "\"a\\u0000b\"",
                                      "\" 7 \"",
                                      "\"[1,2]\"",
                                      "true",
                                      "false",
                                      "[1,2]",
                                      "{\"a\":1}",
                                      "{\"$blob\":\"AAE=\"}",
                                      "{\"$real\":\"inf\"}"};

struct columns : testing::Test {
  /// The image of what a column gives back.
  nlohmann::json stored(const nlohmann::json& value, const std::string& type) {
    database.exec("DROP TABLE IF EXISTS one; CREATE TABLE one(it " + type
                  + ")");
    SQLite::Statement to{database, "INSERT INTO one VALUES(?)"};
    bind_value(to, 1, to_sql_value(value));
    to.exec();
    SQLite::Statement from{database, "SELECT it FROM one"};
    from.executeStep();
    return to_json(from.getColumn(0), type == "JSON");
  }

  /// The type that SQLite gives to a copy of such a column: its affinity's.
  std::string copied(const std::string& type) {
    database.exec("DROP TABLE IF EXISTS one; DROP TABLE IF EXISTS two;"
                  " CREATE TABLE one(it "
                  + type + "); CREATE TABLE two AS SELECT it FROM one");
    SQLite::Statement from{database,
                           "SELECT type FROM pragma_table_info('two')"};
    from.executeStep();
    return from.getColumn(0).getString();
  }

  SQLite::Database database{":memory:",
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

std::string name_of(column_affinity affinity) {
  switch (affinity) {
    case column_affinity::integer:
      return "INT";
    case column_affinity::text:
      return "TEXT";
    case column_affinity::blob:
      return "";
    case column_affinity::real:
      return "REAL";
    default:
      return "NUM";
  }
}

} // namespace

TEST_F(columns, have_the_affinity_that_sqlite_gives_them) {
  for (const auto& type : types)
    EXPECT_EQ(name_of(affinity_of(type)), copied(type)) << type;
}

TEST_F(columns, keep_as_it_is_what_they_are_said_to) {
  for (const auto& type : types)
    for (const auto& text : values) {
      const auto value = nlohmann::json::parse(text);
      if (is_kept_as_it_is(value, affinity_of(type))) {
        EXPECT_EQ(stored(value, type).dump(), value.dump())
          << text << " in " << type;
      }
    }
}

TEST_F(columns, are_said_to_keep_what_they_are_made_for) {
  EXPECT_TRUE(is_kept_as_it_is("name", affinity_of("TEXT")));
  EXPECT_TRUE(is_kept_as_it_is(-5, affinity_of("INTEGER")));
  EXPECT_TRUE(is_kept_as_it_is(2.5, affinity_of("REAL")));
  EXPECT_TRUE(is_kept_as_it_is(nullptr, affinity_of("DATE")));
}

} // namespace lockstep

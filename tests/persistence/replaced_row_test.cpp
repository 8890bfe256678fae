#include "persistence/unique_indexes.hpp"
#include "tests/persistence/any_table.hpp"

#include <gmock/gmock.h>

namespace lockstep {

namespace {

/// REPLACE removes rows, and SQLite runs no trigger for it.
struct replaced_row : any_table {
  /// Two rows, and a statement that replaces the first of them.
  void expect_gone(const std::string& schema, const std::string& rows,
                   const std::string& statement) {
    make(schema, {"t"});
    on(a, rows);
    on(b, statement);
    const std::string count = "SELECT count(*) FROM t";
    expect_rows(count, "2\n");
    EXPECT_EQ(conflicts(), "0\n");
  }
};

} // namespace

TEST_F(replaced_row, leaves_by_a_key_with_a_collation) {
  expect_gone("CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID",
              "INSERT INTO t VALUES('a'), ('b')", "REPLACE INTO t VALUES('A')");
}

TEST_F(replaced_row, leaves_by_a_key_that_is_the_same_number) {
  expect_gone("CREATE TABLE t(k PRIMARY KEY)", "INSERT INTO t VALUES(1), (2)",
              "REPLACE INTO t VALUES(1.0)");
}

TEST_F(replaced_row, leaves_by_an_index_on_an_expression) {
  expect_gone("CREATE TABLE t(id INTEGER PRIMARY KEY, \"na me\");"
              "CREATE UNIQUE INDEX i ON t(lower(\"na me\") || 'x,(' DESC)",
              "INSERT INTO t VALUES(1, 'a'), (2, 'b')",
              "REPLACE INTO t VALUES(3, 'A')");
}

TEST_F(replaced_row, leaves_by_an_update_of_what_an_index_computes) {
  expect_gone("CREATE TABLE t(id INTEGER PRIMARY KEY, x);"
              "CREATE UNIQUE INDEX i ON t(length(x) ASC)",
              "INSERT INTO t VALUES(1, 'a'), (2, 'bb'), (3, 'ccc')",
              "UPDATE OR REPLACE t SET x = 'd' WHERE id = 3");
}

TEST_F(replaced_row, leaves_by_a_generated_column) {
  expect_gone("CREATE TABLE t(id INTEGER PRIMARY KEY, x, g AS (x % 10) UNIQUE)",
              "INSERT INTO t VALUES(1, 11), (2, 12), (3, 13)",
              "UPDATE OR REPLACE t SET x = 21 WHERE id = 3");
  on(a, "REPLACE INTO t VALUES(4, 42)");
  expect_rows("SELECT id FROM t ORDER BY id", "3\n4\n");
}

TEST_F(replaced_row, leaves_by_a_partial_index) {
  expect_gone("CREATE TABLE t(id INTEGER PRIMARY KEY, x, y);"
              "CREATE UNIQUE INDEX i ON t(x) WHERE y > 0",
              "INSERT INTO t VALUES(1, 'a', 1), (2, 'a', 0)",
              "REPLACE INTO t VALUES(3, 'a', 2)");
}

TEST_F(replaced_row, leaves_by_a_default_that_stands_for_null) {
  expect_gone("CREATE TABLE t(id INTEGER PRIMARY KEY, x NOT NULL DEFAULT 'd'"
              " UNIQUE)",
              "INSERT INTO t VALUES(1, 'd'), (2, 'e')",
              "REPLACE INTO t VALUES(3, NULL)");
}

TEST_F(replaced_row, leaves_by_a_rowid_that_no_column_names) {
  expect_gone("CREATE TABLE t(k TEXT PRIMARY KEY)",
              "INSERT INTO t(rowid, k) VALUES(1, 'a'), (2, 'b')",
              "REPLACE INTO t(rowid, k) VALUES(1, 'c')");
}

TEST(index_text, is_cut_into_terms_as_sqlite_reads_it) {
  const auto text = read_index_text(
    "CREATE UNIQUE INDEX \"a(b\" ON [t(](x, lower(\"y,\") desc, /* , */ f(1,"
    " ')'), z COLLATE NOCASE ASC) WHERE x > ')'");
  EXPECT_THAT(text.terms,
              testing::ElementsAre("x", " lower(\"y,\") ", " /* , */ f(1, ')')",
                                   " z COLLATE NOCASE "));
  EXPECT_EQ(text.condition, " x > ')'");
}

TEST(index_text, names_what_it_is_computed_from) {
  EXPECT_THAT(
    names_in_expression("substr(\"a \"\"b\", `c`, [d e]) || 'f' -- g"),
    testing::UnorderedElementsAre("substr", "a \"b", "c", "d e"));
}

} // namespace lockstep

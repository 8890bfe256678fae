#include "tests/persistence/any_table.hpp"

namespace lockstep {

/// A tracked table that a program drops and makes again.
struct table_made_anew : any_table {
  void make_again(library_device& device, const std::string& schema,
                  const std::string& more = {}) {
    device.elsewhere("BEGIN; DROP TABLE t; " + schema + "; " + more
                     + "; COMMIT");
  }

  static constexpr auto numbered = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";
  static constexpr auto named = "CREATE TABLE t(id TEXT PRIMARY KEY, x)";
};

struct table_of_any_kind_made_anew : table_made_anew,
                                     testing::WithParamInterface<const char*> {
  void begin() {
    make(GetParam(), {"t"});
    on(a, "INSERT INTO t(id, x) VALUES(1, 'one'), (2, 'two'), (3, 'three'),"
          " (4, 'four'), (5, 'five')");
    on(b, "DELETE FROM t WHERE id IN (1, 4)");
  }

  /// As migrations of applications do it.
  void copy(library_device& device, const std::string& rows) {
    auto schema = std::string{GetParam()};
    schema.replace(schema.find("t("), 1, "n");
    device.elsewhere("BEGIN; " + schema + "; INSERT INTO n(id, x) SELECT "
                     + rows
                     + "; DROP TABLE t; ALTER TABLE n RENAME TO t; COMMIT");
  }

  void expect_x(const std::string& rows) {
    expect_rows("SELECT x FROM t ORDER BY id, x", rows);
  }
};

TEST_P(table_of_any_kind_made_anew, is_filled_from_the_log) {
  begin();
  const auto entries = a.entries().size();
  for (auto* device : {&a, &b}) {
    make_again(*device, GetParam());
    ASSERT_TRUE(device->capture());
    settle();
    expect_x("\"two\"\n\"three\"\n\"five\"\n");
  }
  EXPECT_EQ(a.entries().size(), entries);
  on(b, "UPDATE t SET x = 'zwei' WHERE id = 2");
  on(a, "DELETE FROM t WHERE id = 3");
  expect_x("\"zwei\"\n\"five\"\n");
}

TEST_P(table_of_any_kind_made_anew, may_be_gone_for_a_while) {
  begin();
  b.elsewhere("DROP TABLE t");
  ASSERT_TRUE(b.capture());
  EXPECT_TRUE(b.pending().empty());
  a.elsewhere("INSERT INTO t(id, x) VALUES(6, 'six');"
              "UPDATE t SET x = 'zwei' WHERE id = 2;"
              "DELETE FROM t WHERE id = 3");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.reopen();
  ASSERT_TRUE(b.capture());
  b.elsewhere(GetParam());
  ASSERT_TRUE(b.capture());
  settle();
  expect_x("\"zwei\"\n\"five\"\n\"six\"\n");
}

TEST_P(table_of_any_kind_made_anew, while_the_library_was_closed) {
  begin();
  a.elsewhere("INSERT INTO t(id, x) VALUES(6, 'six')");
  ASSERT_TRUE(a.capture());
  b.elsewhere("DROP TABLE t");
  b.elsewhere(GetParam());
  b.reopen();
  ASSERT_TRUE(b.follow(a));
  settle();
  expect_x("\"two\"\n\"three\"\n\"five\"\n\"six\"\n");
}

TEST_P(table_of_any_kind_made_anew, as_a_copy_keeps_every_row_and_its_record) {
  begin();
  const auto entries = a.entries().size();
  copy(a, "id, x FROM t");
  copy(b, "id, x FROM t");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.capture());
  settle();
  expect_x("\"two\"\n\"three\"\n\"five\"\n");
  EXPECT_EQ(a.entries().size(), entries);

  copy(b, "id, iif(id = 3, 'drei', x) FROM t");
  ASSERT_TRUE(b.capture());
  settle();
  expect_x("\"two\"\n\"drei\"\n\"five\"\n");
  ASSERT_EQ(a.entries().size(), entries + 1);
  EXPECT_EQ(a.entries().back().change, change_type::update);

  copy(a, "id, x || '!' FROM t");
  ASSERT_TRUE(a.capture());
  settle();
  expect_x("\"two!\"\n\"drei!\"\n\"five!\"\n");
  EXPECT_EQ(a.entries().size(), entries + 4);
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_P(table_of_any_kind_made_anew, as_a_copy_of_some_rows_gets_the_others) {
  begin();
  const auto entries = a.entries().size();
  copy(b, "id, x FROM t WHERE id > 2");
  ASSERT_TRUE(b.capture());
  settle();
  expect_x("\"two\"\n\"three\"\n\"five\"\n");
  EXPECT_EQ(a.entries().size(), entries);
}

TEST_P(table_of_any_kind_made_anew, lacks_what_was_deleted_before) {
  begin();
  b.elsewhere("DELETE FROM t WHERE id = 2; UPDATE t SET x = 'drei' WHERE id = "
              "3");
  copy(b, "id, x FROM t");
  ASSERT_TRUE(b.capture());
  settle();
  expect_x("\"drei\"\n\"five\"\n");
  a.elsewhere("UPDATE t SET x = 'gone' WHERE id = 3;"
              "DELETE FROM t WHERE id = 5");
  make_again(a, GetParam());
  ASSERT_TRUE(a.capture());
  settle();
  expect_x("\"drei\"\n");
}

TEST_P(table_of_any_kind_made_anew, shows_what_is_pending) {
  begin();
  b.elsewhere("INSERT INTO t(id, x) VALUES(6, 'six');"
              "UPDATE t SET x = 'zwei' WHERE id = 2;"
              "DELETE FROM t WHERE id = 3");
  ASSERT_TRUE(b.capture());
  const auto pending = b.pending().size();
  make_again(b, GetParam());
  ASSERT_TRUE(b.capture());
  EXPECT_EQ(b.pending().size(), pending);
  EXPECT_EQ(b.rows("SELECT x FROM t ORDER BY id"),
            "\"zwei\"\n\"five\"\n\"six\"\n");
  settle();
  expect_x("\"zwei\"\n\"five\"\n\"six\"\n");
}

INSTANTIATE_TEST_SUITE_P(
  schemas, table_of_any_kind_made_anew,
  testing::Values(
    "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, x)",
    "CREATE TABLE t(id, x)", "CREATE TABLE t(id UNIQUE, x)",
    "CREATE TABLE t(id TEXT PRIMARY KEY, x)",
    "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY, x) WITHOUT ROWID",
    "CREATE TABLE t(y DEFAULT 'y', id, x, PRIMARY KEY(y, id))",
    "CREATE TABLE t(y, id, x, PRIMARY KEY(y, id))",
    "CREATE TABLE t(id CHAR(36) PRIMARY KEY, x)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, uuid UNIQUE, x)"));

TEST_F(table_made_anew, rows_of_the_new_one_are_changes_of_their_records) {
  make(named, {"t"});
  on(a, "INSERT INTO t VALUES('dark', 1), ('font', 1), ('zoom', 1)");
  on(a, "UPDATE t SET x = 2 WHERE id = 'dark'");
  make_again(b, named, "INSERT INTO t VALUES('dark', 0), ('new', 0)");
  ASSERT_TRUE(b.capture());
  settle();
  // The log's has the higher version; what lost is kept.
  expect_rows("SELECT id, x FROM t ORDER BY id",
              "\"dark\"|2\n\"font\"|1\n\"new\"|0\n\"zoom\"|1\n");
  EXPECT_EQ(conflicts(), "1\n");
}

TEST_F(table_made_anew, on_a_device_that_lags_behind_removes_nothing) {
  make(numbered, {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one')");
  a.elsewhere("INSERT INTO t VALUES(2, 'two'); UPDATE t SET x = 'a'");
  ASSERT_TRUE(a.capture());
  make_again(b, numbered);
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT * FROM t", "1|\"a\"\n2|\"a\"\n");
}

TEST_F(table_made_anew, by_a_host_is_filled_within_its_transaction) {
  make(numbered, {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one'), (2, 'two')");
  for (auto* device : {&a, &b}) {
    const auto written
      = device->write({sql_statement{"ALTER TABLE t RENAME TO old", {}},
                       sql_statement{numbered, {}},
                       sql_statement{"INSERT INTO t VALUES(3, 'three')", {}}});
    ASSERT_TRUE(written) << written.error().message;
    settle();
    expect_rows("SELECT * FROM t", "1|\"one\"\n2|\"two\"\n3|\"three\"\n");
  }
}

TEST_F(table_made_anew, with_another_column_has_it_filled_too) {
  make(numbered, {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one'), (2, 'two'), (3, 'three')");
  a.elsewhere("ALTER TABLE t ADD COLUMN y; UPDATE t SET y = id");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.elsewhere("BEGIN; CREATE TABLE n(id INTEGER PRIMARY KEY, x, y);"
              "INSERT INTO n(id, x) SELECT id, x FROM t WHERE id < 3;"
              "DROP TABLE t; ALTER TABLE n RENAME TO t; COMMIT");
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT * FROM t", "1|\"one\"|1\n2|\"two\"|2\n3|\"three\"|3\n");
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(table_made_anew, is_referred_to_as_before) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x);"
       "CREATE TABLE c(id INTEGER PRIMARY KEY, t REFERENCES t(id))",
       {"t", "c"});
  on(a, "INSERT INTO t VALUES(1, 'one'), (2, 'two');"
        "INSERT INTO c VALUES(1, 1), (2, 2)");
  const auto entries = a.entries().size();
  b.elsewhere("PRAGMA foreign_keys = OFF; DROP TABLE t");
  ASSERT_TRUE(b.capture());
  b.elsewhere("INSERT INTO c VALUES(3, 2)");
  ASSERT_TRUE(b.capture());
  b.elsewhere(numbered);
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT c.id, x FROM c JOIN t ON t.id = c.t",
              "1|\"one\"\n2|\"two\"\n3|\"two\"\n");
  EXPECT_LE(a.entries().size(), entries + 2);
}

TEST_F(table_made_anew, rows_without_a_key_stay_themselves) {
  make("CREATE TABLE t(id TEXT PRIMARY KEY, x)", {"t"});
  on(a, "INSERT INTO t VALUES(NULL, 'a'), (NULL, 'b'), (NULL, 'c')");
  on(a, "DELETE FROM t WHERE x = 'b'");
  const auto entries = a.entries().size();
  b.elsewhere("BEGIN; CREATE TABLE n(id TEXT PRIMARY KEY, x);"
              "INSERT INTO n(id, x) SELECT id, x FROM t;"
              "DROP TABLE t; ALTER TABLE n RENAME TO t; COMMIT");
  ASSERT_TRUE(b.capture());
  settle();
  make_again(a, named);
  ASSERT_TRUE(a.capture());
  settle();
  expect_rows("SELECT id, x FROM t ORDER BY x", "null|\"a\"\nnull|\"c\"\n");
  EXPECT_EQ(a.entries().size(), entries);
}

TEST_F(table_made_anew, sets_aside_what_it_does_not_take_any_more) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one'), (2, 'two'), (3, 'three')");
  b.elsewhere("INSERT INTO t VALUES(4, 'four')");
  ASSERT_TRUE(b.capture());
  make_again(b,
             "CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE CHECK(x <>"
             " 'one'))",
             "INSERT INTO t VALUES(7, 'two'), (8, 'four')");
  ASSERT_TRUE(b.capture());
  EXPECT_EQ(b.rows("SELECT x FROM t ORDER BY id"),
            "\"three\"\n\"two\"\n\"four\"\n");
  EXPECT_EQ(b.rows("SELECT count(*) FROM lockstep_set_aside"), "2\n");
  ASSERT_TRUE(a.sequence(b.pending()));
  ASSERT_TRUE(b.follow(a));
  EXPECT_TRUE(b.pending().empty());
  EXPECT_EQ(a.rows("SELECT x FROM t ORDER BY id"),
            "\"one\"\n\"two\"\n\"three\"\n\"four\"\n");
  EXPECT_EQ(b.rows("SELECT x FROM t WHERE x <> 'one' ORDER BY id"),
            "\"two\"\n\"three\"\n\"four\"\n");
}

TEST_F(table_made_anew, is_taken_up_again_after_a_crash) {
  make(numbered, {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one'), (2, 'two')");
  make_again(a, numbered, "INSERT INTO t VALUES(2, 'zwei'), (3, 'drei')");
  a.capture_and_crash_before_commit();
  ASSERT_TRUE(a.catch_up());
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(a.take_office(test_ballot(2)));
  settle();
  expect_rows("SELECT * FROM t", "1|\"one\"\n2|\"zwei\"\n3|\"drei\"\n");
}

TEST_F(table_made_anew, keeps_what_stays_on_this_device) {
  for (auto* device : {&a, &b}) {
    device->elsewhere("CREATE TABLE t(id INTEGER PRIMARY KEY, x, here);"
                      "CREATE TABLE seen(x); CREATE TRIGGER s AFTER INSERT ON t"
                      " BEGIN INSERT INTO seen VALUES(NEW.x); END");
    ASSERT_TRUE(device->track("t", {"here"}));
  }
  on(a, "INSERT INTO t VALUES(1, 'one', 'a'), (2, 'two', 'a')");
  b.elsewhere("BEGIN; UPDATE t SET here = 'b'; CREATE TABLE n(id INTEGER"
              " PRIMARY KEY, x, here); INSERT INTO n SELECT * FROM t;"
              "DROP TABLE t; ALTER TABLE n RENAME TO t; COMMIT");
  ASSERT_TRUE(b.capture());
  settle();
  EXPECT_EQ(a.rows("SELECT here FROM t"), "\"a\"\n\"a\"\n");
  EXPECT_EQ(b.rows("SELECT here FROM t"), "\"b\"\n\"b\"\n");
}

} // namespace lockstep

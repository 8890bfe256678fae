#include "tests/persistence/any_table.hpp"

namespace lockstep {

namespace {

/// Triggers that do something else on each device, as the table `here`, which
/// is not tracked, has it.
struct applications_triggers : any_table {
  void make_tables(const std::string& trigger, library_device& on_which) {
    make("CREATE TABLE note(id INTEGER PRIMARY KEY, x);"
         "CREATE TABLE other(id INTEGER PRIMARY KEY, x TEXT UNIQUE);"
         "CREATE TABLE part(id INTEGER PRIMARY KEY, other INTEGER"
         " REFERENCES other ON DELETE CASCADE ON UPDATE CASCADE);"
         "CREATE TABLE here(id);"
         "CREATE VIRTUAL TABLE words USING fts5(x, content='other',"
         " content_rowid='id');"
         "CREATE TRIGGER add_word AFTER INSERT ON other BEGIN INSERT INTO"
         " words(rowid, x) VALUES(NEW.id, NEW.x); END;"
         "CREATE TRIGGER drop_word AFTER DELETE ON other BEGIN INSERT INTO"
         " words(words, rowid, x) VALUES('delete', OLD.id, OLD.x); END;"
           + trigger,
         {"note", "other", "part"});
    on(a, "INSERT INTO other VALUES(1, 'one'), (2, 'two');"
          "INSERT INTO part VALUES(1, 1), (2, 2);"
          "INSERT INTO note VALUES(1, 'x')");
    on_which.elsewhere("INSERT INTO here VALUES(1)");
  }

  void expect_all_there() {
    expect_rows("SELECT * FROM other ORDER BY id", "1|\"one\"\n2|\"two\"\n");
    expect_rows("SELECT * FROM part ORDER BY id", "1|1\n2|2\n");
    expect_rows("SELECT rowid FROM words WHERE words MATCH 'one'", "1\n");
    EXPECT_EQ(b.rows("SELECT count(*) FROM lockstep_touched"), "0\n");
    ASSERT_TRUE(b.capture());
    EXPECT_TRUE(b.pending().empty());
  }
};

} // namespace

TEST_F(applications_triggers,
       what_a_trigger_deletes_elsewhere_only_comes_back) {
  make_tables("CREATE TRIGGER clean AFTER UPDATE ON note BEGIN DELETE FROM"
              " other WHERE id IN (SELECT id FROM here); END",
              b);
  on(a, "UPDATE note SET x = 'y'");
  expect_all_there();
  b.reopen();
  on(a, "UPDATE note SET x = 'z'");
  expect_all_there();
  // Where the change is made it acts, and so everywhere.
  on(b, "UPDATE note SET x = 'b'");
  expect_rows("SELECT id FROM other", "2\n");
  expect_rows("SELECT id FROM part", "2\n");
}

TEST_F(applications_triggers, what_a_trigger_would_always_delete_stays) {
  make_tables("CREATE TRIGGER clean AFTER INSERT ON other BEGIN DELETE FROM"
              " other WHERE id IN (SELECT id FROM here); END",
              b);
  on(a, "INSERT INTO other VALUES(3, 'three')");
  expect_rows("SELECT id FROM other", "1\n2\n3\n");
  on(a, "DELETE FROM other WHERE id = 3");
  expect_rows("SELECT * FROM part ORDER BY id", "1|1\n2|2\n");
}

TEST_F(applications_triggers,
       what_a_trigger_moves_to_another_number_goes_back) {
  make_tables("CREATE TRIGGER moves AFTER INSERT ON note BEGIN UPDATE other SET"
              " id = id + 100 WHERE id IN (SELECT id FROM here); END;"
              "CREATE TRIGGER move_word AFTER UPDATE ON other BEGIN INSERT INTO"
              " words(words, rowid, x) VALUES('delete', OLD.id, OLD.x); INSERT"
              " INTO words(rowid, x) VALUES(NEW.id, NEW.x); END",
              b);
  on(a, "INSERT INTO note VALUES(2, 'y')");
  expect_all_there();
}

TEST_F(applications_triggers, a_pending_row_that_a_trigger_deletes_stays) {
  make_tables("CREATE TRIGGER clean AFTER UPDATE ON note BEGIN DELETE FROM"
              " other WHERE x = 'mine'; END",
              b);
  b.elsewhere("INSERT INTO other VALUES(5, 'mine')");
  ASSERT_TRUE(b.capture());
  a.elsewhere("UPDATE note SET x = 'y'");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(b.rows("SELECT id FROM other WHERE x = 'mine'"), "5\n");
  settle();
  expect_rows("SELECT id FROM other WHERE x = 'mine'", "5\n");
}

TEST_F(applications_triggers, what_a_trigger_deletes_on_the_leader_comes_back) {
  make_tables("CREATE TRIGGER clean AFTER UPDATE ON note BEGIN DELETE FROM"
              " other WHERE id IN (SELECT id FROM here); END",
              a);
  on(b, "UPDATE note SET x = 'y'");
  expect_all_there();
  EXPECT_EQ(conflicts(), "0\n");
  // A foreign key's action is no trigger: what it takes along goes.
  on(b, "DELETE FROM other WHERE id = 2");
  expect_rows("SELECT id FROM part", "1\n");
}

TEST_F(applications_triggers, nothing_goes_when_a_table_is_tracked) {
  const std::string tables
    = "CREATE TABLE todo(id INTEGER PRIMARY KEY);"
      "CREATE TABLE done(id INTEGER PRIMARY KEY);"
      "CREATE TRIGGER finished AFTER INSERT ON done BEGIN DELETE FROM todo"
      " WHERE id = NEW.id; END";
  a.elsewhere(tables);
  b.elsewhere(tables);
  for (const auto* table : {"todo", "done"})
    ASSERT_TRUE(a.track(table));
  a.elsewhere("INSERT INTO done VALUES(1)");
  ASSERT_TRUE(a.capture());
  a.elsewhere("INSERT INTO todo VALUES(1)");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.elsewhere("INSERT INTO todo VALUES(2)");
  for (const auto* table : {"todo", "done"})
    ASSERT_TRUE(b.track(table));
  settle();
  expect_rows("SELECT id FROM todo ORDER BY id", "1\n2\n");
}

TEST_F(applications_triggers, nothing_goes_when_a_device_begins_to_lead) {
  make_tables("CREATE TRIGGER clean AFTER DELETE ON note BEGIN DELETE FROM"
              " other WHERE id IN (SELECT id FROM here); END",
              b);
  b.elsewhere("INSERT INTO note VALUES(2, 'pending')");
  ASSERT_TRUE(b.capture());
  b.leads = true;
  ASSERT_TRUE(b.take_office(test_ballot(2)));
  ASSERT_TRUE(b.capture());
  EXPECT_EQ(b.rows("SELECT id FROM note ORDER BY id"), "1\n2\n");
  EXPECT_EQ(b.rows("SELECT id FROM other ORDER BY id"), "1\n2\n");
}

TEST_F(applications_triggers,
       a_row_that_waits_for_its_parent_goes_nowhere_else) {
  make_tables("CREATE TRIGGER clean AFTER DELETE ON part BEGIN DELETE FROM"
              " note WHERE id = OLD.id; END",
              b);
  b.elsewhere("CREATE UNIQUE INDEX only_here ON other(substr(x, 1, 1))");
  a.elsewhere("INSERT INTO other VALUES(3, 'ooh');"
              "INSERT INTO note VALUES(3, 'z'); INSERT INTO part VALUES(3, 3)");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  ASSERT_TRUE(b.capture());
  EXPECT_TRUE(b.pending().empty());
  EXPECT_EQ(b.rows("SELECT count(*) FROM note"), "2\n");
  b.elsewhere("DROP INDEX only_here");
  on(a, "INSERT INTO note VALUES(4, 'next')");
  expect_rows("SELECT id FROM part ORDER BY id", "1\n2\n3\n");
}

TEST_F(any_table, a_pending_deletion_takes_no_row_of_others_along_for_good) {
  make("CREATE TABLE page(id TEXT PRIMARY KEY, x);"
       "CREATE TABLE leaf(id TEXT PRIMARY KEY, page TEXT REFERENCES page ON"
       " DELETE CASCADE);"
       "CREATE TABLE name(id TEXT PRIMARY KEY, x TEXT UNIQUE)",
       {"page", "leaf", "name"});
  on(a, "INSERT INTO page VALUES('p', 'x')");
  // What is pending has to make way for a moment.
  b.elsewhere("INSERT INTO name VALUES('b', 'taken')");
  ASSERT_TRUE(b.capture());
  b.elsewhere("DELETE FROM page");
  ASSERT_TRUE(b.capture());
  b.elsewhere("INSERT INTO page VALUES('p', 'made again')");
  ASSERT_TRUE(b.capture());
  a.elsewhere("INSERT INTO leaf VALUES('l', 'p');"
              "INSERT INTO name VALUES('a', 'taken')");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(b.rows("SELECT count(*) FROM page"), "1\n");
  EXPECT_EQ(b.rows("SELECT count(*) FROM leaf"), "1\n");
  settle();
}

} // namespace lockstep

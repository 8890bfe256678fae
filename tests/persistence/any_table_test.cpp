#include "tests/persistence/any_table.hpp"

namespace lockstep {

struct key_of_any_kind : any_table, testing::WithParamInterface<const char*> {};

TEST_P(key_of_any_kind, rows_travel_whatever_tells_them_apart) {
  has_reference = true;
  make(GetParam(), {"t"});
  on(a, "INSERT INTO t(id, x) VALUES(1, 'one'), (2, 'two'), (3, 'three')");
  on(b, "UPDATE t SET x = 'zwei' WHERE id = 2");
  on(b, "DELETE FROM t WHERE id = 1");
  on(b, "INSERT INTO t(id, x) VALUES(4, 'four')");
  on(a, "UPDATE t SET id = 7 WHERE id = 4");
  on(b, "UPDATE t SET id = id + 10");
  on(a, "INSERT OR REPLACE INTO t(id, x) VALUES(12, 'zwo'), (20, 'new')");
  on(b, "DELETE FROM t WHERE id = 20");
  on(b, "INSERT INTO t(id, x) VALUES(20, 'again')");
  on(a, "UPDATE t SET x = x || '!' WHERE id < 18");
  on(b, "UPDATE t SET id = 100 - id");
  expect_reference();
  on(a, "DELETE FROM t");
  expect_rows("SELECT count(*) FROM t", "0\n");
  EXPECT_EQ(conflicts(), "0\n");
}

INSTANTIATE_TEST_SUITE_P(
  schemas, key_of_any_kind,
  testing::Values(
    "CREATE TABLE t(id INTEGER PRIMARY KEY, x)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, x)",
    "CREATE TABLE t(id, x)", "CREATE TABLE t(id UNIQUE, x)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, x ANY) STRICT",
    "CREATE TABLE t(id INTEGER PRIMARY KEY DESC, x)",
    "CREATE TABLE t(id INT PRIMARY KEY, x)",
    "CREATE TABLE t(id TEXT PRIMARY KEY, x)",
    "CREATE TABLE t(id TEXT COLLATE NOCASE PRIMARY KEY, x) WITHOUT ROWID",
    "CREATE TABLE t(id REAL PRIMARY KEY, x)",
    "CREATE TABLE t(y DEFAULT 'y', id, x, PRIMARY KEY(y, id))",
    "CREATE TABLE t(id CHAR(36) PRIMARY KEY, x)",
    "CREATE TABLE t(id INTEGER PRIMARY KEY, uuid UNIQUE, x)"));

TEST_F(any_table, two_rows_with_one_number_both_stay) {
  make("CREATE TABLE album(id INTEGER PRIMARY KEY, name);"
       "CREATE TABLE photo(id INTEGER PRIMARY KEY, name, album INTEGER"
       " REFERENCES album(id));"
       "CREATE TABLE tagged(photo REFERENCES photo(id), tag TEXT,"
       " PRIMARY KEY(photo, tag)) WITHOUT ROWID",
       {"album", "photo", "tagged"});
  for (auto* device : {&a, &b}) {
    const auto name = std::string{device == &a ? "a" : "b"};
    device->elsewhere("INSERT INTO album VALUES(1, '" + name
                      + "');"
                        "INSERT INTO photo VALUES(1, '"
                      + name + "', 1), (2, '" + name
                      + "2', 1);"
                        "INSERT INTO tagged VALUES(1, '"
                      + name + "')");
    ASSERT_TRUE(device->capture());
  }
  settle();
  expect_rows("SELECT p.name, al.name, t.tag FROM photo p JOIN album al ON"
              " al.id = p.album LEFT JOIN tagged t ON t.photo = p.id"
              " ORDER BY p.name",
              "\"a\"|\"a\"|\"a\"\n\"a2\"|\"a\"|null\n"
              "\"b\"|\"b\"|\"b\"\n\"b2\"|\"b\"|null\n");
  EXPECT_EQ(conflicts(), "0\n");
  on(b, "UPDATE photo SET album = 1 WHERE name = 'b'");
  on(a, "DELETE FROM tagged WHERE tag = 'b'");
  expect_rows("SELECT count(*) FROM tagged", "1\n");
  expect_rows("SELECT name FROM photo WHERE album = 1 ORDER BY name",
              "\"a\"\n\"a2\"\n\"b\"\n");
}

TEST_F(any_table, a_number_that_is_used_again_is_another_row) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'first')");
  on(a, "DELETE FROM t");
  for (auto* device : {&a, &b}) {
    device->elsewhere("INSERT INTO t(x) VALUES('"
                      + std::string{device == &a ? "a" : "b"} + "')");
    ASSERT_TRUE(device->capture());
  }
  settle();
  expect_rows("SELECT * FROM t", "1|\"a\"\n2|\"b\"\n");
}

TEST_F(any_table, what_was_pending_under_another_number_stays_itself) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x, up REFERENCES t(id))", {"t"});
  a.elsewhere("INSERT INTO t VALUES(1, 'a', NULL)");
  ASSERT_TRUE(a.capture());
  b.elsewhere("INSERT INTO t VALUES(1, 'b', NULL), (2, 'child', 1)");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(b.rows("SELECT x FROM t WHERE id = 1"), "\"a\"\n");
  EXPECT_EQ(b.rows("SELECT p.x FROM t c JOIN t p ON p.id = c.up"), "\"b\"\n");
  b.elsewhere("UPDATE t SET x = 'b again' WHERE x = 'b'");
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT c.x, p.x FROM t c JOIN t p ON p.id = c.up",
              "\"child\"|\"b again\"\n");
  expect_rows("SELECT count(*) FROM t", "3\n");
}

TEST_F(any_table, foreign_keys_of_every_kind_travel) {
  make("CREATE TABLE person(id INTEGER PRIMARY KEY, name UNIQUE);"
       "CREATE TABLE staff(id INTEGER PRIMARY KEY REFERENCES person(id), pay);"
       "CREATE TABLE room(house TEXT, no INTEGER, PRIMARY KEY(house, no));"
       "CREATE TABLE desk(id INTEGER PRIMARY KEY, house, no, owner REFERENCES"
       " staff ON DELETE SET NULL ON UPDATE CASCADE, FOREIGN KEY(house, no)"
       " REFERENCES room ON DELETE CASCADE);"
       "CREATE TABLE hen(id INTEGER PRIMARY KEY, egg REFERENCES egg(id)"
       " DEFERRABLE INITIALLY DEFERRED);"
       "CREATE TABLE egg(id INTEGER PRIMARY KEY, hen REFERENCES hen(id)"
       " DEFERRABLE INITIALLY DEFERRED)",
       {"person", "staff", "room", "desk", "hen", "egg"});
  on(b, "PRAGMA foreign_keys=ON; INSERT INTO person VALUES(1, 'ann'),"
        " (2, 'bob'); INSERT INTO staff VALUES(1, 10), (2, 20);"
        "INSERT INTO room VALUES('north', 1), ('north', 2);"
        "INSERT INTO desk VALUES(1, 'north', 1, 1), (2, 'north', 2, 2)");
  on(a, "PRAGMA foreign_keys=ON; DELETE FROM staff WHERE id = 2");
  expect_rows("SELECT id, owner FROM desk", "1|1\n2|null\n");
  on(b, "PRAGMA foreign_keys=ON; DELETE FROM room WHERE no = 1");
  expect_rows("SELECT id FROM desk", "2\n");
  on(b, "BEGIN; INSERT INTO hen VALUES(1, 1); INSERT INTO egg VALUES(1, 1);"
        "COMMIT");
  expect_rows("SELECT hen.id, egg.id FROM hen JOIN egg ON egg.hen = hen.id",
              "1|1\n");
  a.elsewhere("INSERT INTO person VALUES(3, 'cid'); INSERT INTO staff"
              " VALUES(3, 1); UPDATE desk SET owner = 3");
  ASSERT_TRUE(a.capture());
  b.elsewhere("INSERT INTO person VALUES(3, 'dan'); INSERT INTO staff"
              " VALUES(3, 2); INSERT INTO desk VALUES(5, NULL, NULL, 3)");
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT d.id, name, pay FROM desk d JOIN staff s ON s.id ="
              " d.owner JOIN person p ON p.id = s.id ORDER BY d.id",
              "2|\"cid\"|1\n5|\"dan\"|2\n");
}

TEST_F(any_table, rows_whose_keys_are_others_refer_to_each_other) {
  make("CREATE TABLE person(id INTEGER PRIMARY KEY, name);"
       "CREATE TABLE staff(id INTEGER PRIMARY KEY REFERENCES person(id),"
       " boss REFERENCES staff(id) DEFERRABLE INITIALLY DEFERRED)",
       {"person", "staff"});
  on(b, "BEGIN; INSERT INTO staff VALUES(1, 2), (2, 1);"
        "INSERT INTO person VALUES(1, 'ann'), (2, 'bob'); COMMIT");
  expect_rows("SELECT id, boss FROM staff", "1|2\n2|1\n");
  on(a, "DELETE FROM staff; DELETE FROM person");
  expect_rows("SELECT count(*) FROM staff", "0\n");
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, a_number_goes_from_one_uuid_to_another) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, uuid UNIQUE, x)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'one', 1), (2, 'two', 2)");
  on(b, "UPDATE t SET uuid = 'other' WHERE id = 1");
  on(b, "INSERT INTO t VALUES(3, 'three', 3); DELETE FROM t WHERE id = 2;"
        "UPDATE t SET id = 2 WHERE id = 3");
  expect_rows("SELECT * FROM t ORDER BY id", "1|\"other\"|1\n2|\"three\"|3\n");
  on(b, "UPDATE t SET id = 7 WHERE id = 1");
  expect_rows("SELECT id FROM t WHERE uuid = 'other'", "7\n");
  on(b, "UPDATE t SET id = 1 WHERE id = 7");
  on(a, "UPDATE t SET uuid = NULL WHERE id = 1");
  on(b, "REPLACE INTO t VALUES(3, 'new', 4), (1, 'new', 5)");
  expect_rows("SELECT * FROM t ORDER BY id", "1|\"new\"|5\n2|\"three\"|3\n");
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, rows_that_refer_to_a_number_follow_when_it_changes_hands) {
  make("CREATE TABLE p(id INTEGER PRIMARY KEY, uuid TEXT UNIQUE, x);"
       "CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);"
       "CREATE TABLE both(p INTEGER REFERENCES p, tag TEXT, n,"
       " PRIMARY KEY(p, tag));"
       "CREATE TABLE more(p INTEGER PRIMARY KEY REFERENCES p, x);"
       "CREATE TABLE least(id INTEGER PRIMARY KEY, more INTEGER REFERENCES"
       " more)",
       {"p", "c", "both", "more", "least"});
  const std::string all
    = "SELECT p.uuid, c.id, n, more.x, least.id FROM p JOIN c ON c.p = p.id"
      " JOIN both ON both.p = p.id JOIN more ON more.p = p.id JOIN least ON"
      " least.more = more.p ORDER BY p.id";
  on(a, "INSERT INTO p VALUES(1, NULL, 1), (2, 'two', 2);"
        "INSERT INTO c VALUES(1, 1), (2, 2);"
        "INSERT INTO both VALUES(1, 't', 1), (2, 't', 2);"
        "INSERT INTO more VALUES(1, 1), (2, 2);"
        "INSERT INTO least VALUES(1, 1), (2, 2)");
  // Its first UUID, and another one.
  on(b, "UPDATE p SET uuid = 'one' WHERE id = 1");
  on(b, "UPDATE p SET uuid = 'another' WHERE id = 2");
  expect_rows(all, "\"one\"|1|1|1|1\n\"another\"|2|2|2|2\n");
  // None any more.
  on(a, "UPDATE p SET uuid = NULL WHERE id = 1");
  expect_rows(all, "null|1|1|1|1\n\"another\"|2|2|2|2\n");
  on(a, "UPDATE p SET uuid = 'one' WHERE id = 1");
  // Two rows exchange their numbers.
  for (auto* device : {&a, &b}) {
    on(*device, "UPDATE p SET id = -id; UPDATE p SET id = id + 3");
    expect_rows("SELECT uuid, x FROM p ORDER BY id",
                device == &a ? "\"another\"|2\n\"one\"|1\n"
                             : "\"one\"|1\n\"another\"|2\n");
    expect_rows("SELECT p FROM c ORDER BY id", "1\n2\n");
  }
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, rows_refer_to_a_table_that_is_tracked_after_theirs) {
  const std::string tables
    = "CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p,"
      " q INTEGER REFERENCES q);"
      "CREATE TABLE p(id INTEGER PRIMARY KEY, x);"
      "CREATE TABLE q(id INTEGER PRIMARY KEY, uuid TEXT UNIQUE)";
  for (auto* device : {&a, &b})
    device->elsewhere(tables);
  ASSERT_TRUE(b.track("c"));
  // B has a row under the same number as A; whose comes second moves.
  b.elsewhere("INSERT INTO p VALUES(1, 'b'); INSERT INTO q VALUES(1, 'y');"
              "INSERT INTO c VALUES(7, 1, 1)");
  a.elsewhere("INSERT INTO p VALUES(1, 'a'); INSERT INTO q VALUES(1, 'x');"
              "INSERT INTO c VALUES(1, 1, 1)");
  ASSERT_TRUE(b.capture());
  for (auto* device : {&a, &b})
    for (const auto* table : {"c", "p", "q"})
      ASSERT_TRUE(device->track(table));
  settle();
  expect_rows("SELECT p.x, uuid FROM c JOIN p ON p.id = c.p JOIN q ON q.id ="
              " c.q ORDER BY c.id",
              "\"a\"|\"x\"\n\"b\"|\"y\"\n");
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, a_new_row_takes_the_number_that_another_one_leaves) {
  make("CREATE TABLE p(id INTEGER PRIMARY KEY, uuid TEXT UNIQUE)", {"p"});
  on(a, "INSERT INTO p VALUES(1, 'one'), (2, 'two')");
  on(b, "BEGIN; UPDATE p SET id = 3 WHERE id = 1;"
        "INSERT INTO p VALUES(1, 'new'); COMMIT");
  expect_rows("SELECT * FROM p ORDER BY id",
              "1|\"new\"\n2|\"two\"\n3|\"one\"\n");
  on(b, "BEGIN; UPDATE p SET id = 9 WHERE id = 1; UPDATE p SET id = 1 WHERE"
        " id = 2; UPDATE p SET id = 2 WHERE id = 3; COMMIT");
  expect_rows("SELECT * FROM p ORDER BY id",
              "1|\"two\"\n2|\"one\"\n9|\"new\"\n");
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, replace_takes_rows_along_that_no_trigger_reports) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, mail TEXT UNIQUE COLLATE NOCASE,"
       " x, y, UNIQUE(x, y))",
       {"t"});
  on(a, "INSERT INTO t VALUES(1, 'a', 1, 1), (2, 'b', 2, 2), (3, 'c', 3, 3)");
  on(b, "INSERT OR REPLACE INTO t VALUES(4, 'A', 2, 2)");
  expect_rows("SELECT id FROM t ORDER BY id", "3\n4\n");
  on(a, "UPDATE OR REPLACE t SET mail = 'C' WHERE id = 4");
  expect_rows("SELECT id, mail FROM t", "4|\"C\"\n");
  on(b, "INSERT OR IGNORE INTO t VALUES(9, 'c', 9, 9)");
  on(b, "INSERT INTO t VALUES(9, 'c', 9, 9) ON CONFLICT(mail) DO UPDATE SET"
        " x = excluded.x, id = 5");
  expect_rows("SELECT id, mail, x FROM t", "5|\"C\"|9\n");
}

TEST_F(any_table, the_applications_triggers_act_once) {
  make("CREATE TABLE sale(id INTEGER PRIMARY KEY, item, n);"
       "CREATE TABLE stock(item TEXT PRIMARY KEY, n);"
       "CREATE TABLE audit(id INTEGER PRIMARY KEY, what);"
       "CREATE TABLE here(what);"
       "CREATE VIRTUAL TABLE words USING fts5(item, content='sale',"
       " content_rowid='id');"
       "CREATE TRIGGER sold AFTER INSERT ON sale BEGIN"
       " UPDATE stock SET n = n - NEW.n WHERE item = NEW.item;"
       " INSERT INTO audit(what) VALUES('sold ' || NEW.item);"
       " INSERT INTO here VALUES(NEW.item);"
       " INSERT INTO words(rowid, item) VALUES(NEW.id, NEW.item); END",
       {"sale", "stock", "audit"});
  on(a, "INSERT INTO stock VALUES('pen', 10)");
  on(b, "INSERT INTO sale(item, n) VALUES('pen', 3), ('pen', 1)");
  on(a, "INSERT INTO sale(item, n) VALUES('pen', 1)");
  expect_rows("SELECT n FROM stock", "5\n");
  expect_rows("SELECT count(*) FROM audit", "3\n");
  // What is not tracked is each device's own.
  expect_rows("SELECT count(*) FROM here", "3\n");
  expect_rows("SELECT count(*) FROM words WHERE words MATCH 'pen'", "3\n");
}

TEST_F(any_table, columns_come_and_go_on_one_device_after_another) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x, y)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'x', 'y'), (2, 'x', 'y')");
  a.elsewhere("ALTER TABLE t ADD COLUMN z DEFAULT 'z'");
  a.elsewhere("UPDATE t SET z = 'new' WHERE id = 1");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.elsewhere("UPDATE t SET x = 'b' WHERE id = 1");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(a.sequence(b.pending()));
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(a.rows("SELECT x, z FROM t"), "\"b\"|\"new\"\n\"x\"|\"z\"\n");
  on(b, "ALTER TABLE t ADD COLUMN z DEFAULT 'z'");
  expect_rows("SELECT x, z FROM t", "\"b\"|\"new\"\n\"x\"|\"z\"\n");

  a.elsewhere("ALTER TABLE t RENAME COLUMN y TO why");
  a.elsewhere("UPDATE t SET why = 'because' WHERE id = 2");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.elsewhere("UPDATE t SET y = 'from b' WHERE id = 1");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(a.sequence(b.pending()));
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(a.rows("SELECT why FROM t"), "\"from b\"\n\"because\"\n");
  on(b, "ALTER TABLE t RENAME COLUMN y TO why");
  expect_rows("SELECT why FROM t", "\"from b\"\n\"because\"\n");

  a.elsewhere("ALTER TABLE t DROP COLUMN x; UPDATE t SET why = 'a'");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(b.rows("SELECT x, why FROM t"), "\"b\"|\"a\"\n\"x\"|\"a\"\n");
  b.elsewhere("ALTER TABLE t DROP COLUMN x");
  on(b, "INSERT INTO t(why) VALUES('last')");
  expect_rows("SELECT * FROM t", "1|\"a\"|\"new\"\n2|\"a\"|\"z\"\n"
                                 "3|\"last\"|\"z\"\n");
}

TEST_F(any_table, a_new_column_is_filled_before_its_rows_are_captured) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'x'), (2, 'x'), (3, 'x'), (4, 'x')");
  a.elsewhere("ALTER TABLE t ADD COLUMN z DEFAULT 5;"
              "ALTER TABLE t ADD COLUMN y; UPDATE t SET z = id, y = 'a'");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  b.elsewhere("UPDATE t SET x = 'before' WHERE id = 1;"
              "DELETE FROM t WHERE id = 4");
  ASSERT_TRUE(b.capture());
  b.elsewhere("ALTER TABLE t ADD COLUMN z DEFAULT 5;"
              "ALTER TABLE t ADD COLUMN y");
  b.elsewhere("UPDATE t SET x = 'b' WHERE id < 3;"
              "UPDATE t SET y = 'b' WHERE id = 3");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(a.sequence(b.pending()));
  ASSERT_TRUE(b.follow(a));
  expect_rows("SELECT x, z, y FROM t", "\"b\"|1|\"a\"\n\"b\"|2|\"a\"\n"
                                       "\"x\"|3|\"b\"\n");
}

TEST_F(any_table, a_table_that_is_made_anew_goes_on_being_tracked) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'x'), (2, 'y'), (3, 'z')");
  const auto entries = a.entries().size();
  on(a, "BEGIN; CREATE TABLE n(id INTEGER PRIMARY KEY, x TEXT);"
        "INSERT INTO n(id, x) SELECT id, x FROM t; DROP TABLE t;"
        "ALTER TABLE n RENAME TO t; COMMIT");
  EXPECT_EQ(a.entries().size(), entries);
  on(b, "BEGIN; CREATE TABLE n(id INTEGER PRIMARY KEY, x TEXT);"
        "INSERT INTO n(id, x) SELECT id, x || '!' FROM t WHERE id < 3;"
        "DROP TABLE t; ALTER TABLE n RENAME TO t; COMMIT");
  expect_rows("SELECT id, x FROM t", "1|\"x!\"\n2|\"y!\"\n3|\"z\"\n");
  a.elsewhere("ALTER TABLE t RENAME TO other; INSERT INTO other(x)"
              " VALUES('here')");
  ASSERT_TRUE(a.capture());
  ASSERT_TRUE(b.follow(a));
  EXPECT_EQ(b.rows("SELECT x FROM t WHERE id = 4"), "\"here\"\n");
}

TEST_F(any_table, vacuum_leaves_rows_themselves) {
  make("CREATE TABLE t(x)", {"t"});
  on(a, "INSERT INTO t VALUES('a'), ('b'), ('c')");
  on(a, "DELETE FROM t WHERE x = 'a'");
  for (auto* device : {&a, &b})
    device->elsewhere("VACUUM");
  on(b, "UPDATE t SET x = 'B' WHERE x = 'b'");
  on(a, "DELETE FROM t WHERE x = 'c'");
  expect_rows("SELECT x FROM t", "\"B\"\n");
}

TEST_F(any_table, values_travel_to_the_last_bit) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT,"
       " b BLOB, n)",
       {"t"});
  on(b, "INSERT INTO t(i, r, t, b, n) VALUES"
        "(9223372036854775807, 0.1, CAST(x'610062' AS TEXT), x'', NULL),"
        "(-9223372036854775808, 9e999, CAST(x'ff00' AS TEXT), x'00', -9e999),"
        "(9007199254740993, 5e-324, '', zeroblob(1048576), 1.0),"
        "('text', 'text', 5, 'text', '[1]'), (1.5, NULL, x'61', 1, 1)");
  EXPECT_EQ(a.rows("SELECT quote(i), quote(r), hex(t), typeof(t), hex(b),"
                   " typeof(b), quote(n) FROM t"),
            b.rows("SELECT quote(i), quote(r), hex(t), typeof(t), hex(b),"
                   " typeof(b), quote(n) FROM t"));
}

TEST_F(any_table, odd_keys_are_keys) {
  make("CREATE TABLE u(uuid TEXT PRIMARY KEY, x);"
       "CREATE TABLE n(k TEXT PRIMARY KEY, x);"
       "CREATE TABLE c(a, b, x, PRIMARY KEY(a, b))",
       {"u", "n", "c"});
  const std::string odd = "VALUES('x', 1), (1, 2), (x'00', 3), (NULL, 4),"
                          " (NULL, 5), ('A,b%2C', 6), (1.5, 7), ('', 8)";
  on(a, "INSERT INTO u " + odd + "; INSERT INTO n " + odd);
  on(b, "INSERT INTO c VALUES(1, 1.0, 1), ('1', 1, 2), (NULL, NULL, 3),"
        " (x'', '', 4)");
  on(b, "UPDATE u SET x = x + 1; UPDATE n SET x = x + 1");
  on(a, "UPDATE c SET x = x + 1");
  on(b, "DELETE FROM u WHERE x % 2; DELETE FROM n WHERE x % 2; DELETE FROM c"
        " WHERE x % 2");
  expect_rows("SELECT count(*) FROM u", "4\n");
  expect_rows("SELECT count(*) FROM n", "4\n");
  expect_rows("SELECT count(*) FROM c", "2\n");
  on(a, "UPDATE n SET k = 'now' WHERE k IS NULL AND x = 6");
}

TEST_F(any_table, a_crash_does_not_make_two_rows_of_one) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  a.elsewhere("INSERT INTO t(x) VALUES('a')");
  a.capture_and_crash_before_commit();
  ASSERT_TRUE(a.catch_up());
  ASSERT_TRUE(a.sequence(a.pending()));
  settle();
  expect_rows("SELECT * FROM t", "1|\"a\"\n");
}

TEST_F(any_table, what_a_crash_made_pending_again_is_known_by_its_entries) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  on(a, "INSERT INTO t VALUES(1, 'a')");
  a.elsewhere("INSERT INTO t VALUES(2, 'a too')");
  ASSERT_TRUE(a.capture());
  b.elsewhere("INSERT INTO t VALUES(2, 'b'), (3, 'b too')");
  b.lose_from_tables([&] {
    ASSERT_TRUE(b.capture());
    settle();
  });
  EXPECT_EQ(b.rows("SELECT * FROM t"), "1|\"a\"\n2|\"b\"\n3|\"b too\"\n");
  ASSERT_TRUE(b.capture());
  settle();
  expect_rows("SELECT * FROM t ORDER BY id",
              "1|\"a\"\n2|\"a too\"\n3|\"b\"\n4|\"b too\"\n");
  EXPECT_EQ(a.entries().size(), 4U);
  EXPECT_EQ(conflicts(), "0\n");
}

TEST_F(any_table, what_is_left_of_a_transaction_made_again_is_one) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  on(b, "INSERT INTO t VALUES(1, 'first')");
  b.elsewhere("UPDATE t SET x = 'second'; INSERT INTO t VALUES(2, 'b')");
  b.lose_from_tables([&] {
    ASSERT_TRUE(b.capture());
    settle();
  });
  // Noted together with what was lost, and newer than it.
  b.elsewhere("UPDATE t SET x = 'third' WHERE id = 1");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(b.follow(a));
  ASSERT_TRUE(a.propose(b.id, b.store->pending.fetch(b.id, {}, 100)));
  ASSERT_TRUE(b.follow(a));
  EXPECT_TRUE(b.pending().empty());
  expect_rows("SELECT * FROM t", "1|\"third\"\n2|\"b\"\n");
}

TEST_F(any_table, a_copy_of_anothers_file_is_no_news) {
  const std::string schema
    = "CREATE TABLE p(id INTEGER PRIMARY KEY, x);"
      "CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id));"
      "INSERT INTO p VALUES(1, 'a'), (2, 'b'); INSERT INTO c VALUES(1, 2)";
  for (auto* device : {&a, &b})
    device->elsewhere(schema);
  b.elsewhere("UPDATE p SET x = 'mine' WHERE id = 1");
  for (const auto* table : {"p", "c"})
    ASSERT_TRUE(a.track(table));
  ASSERT_TRUE(b.follow(a));
  for (const auto* table : {"p", "c"})
    ASSERT_TRUE(b.track(table));
  EXPECT_EQ(b.pending().size(), 1U);
  settle();
  expect_rows("SELECT x FROM p ORDER BY x", "\"a\"\n\"b\"\n\"mine\"\n");
  expect_rows("SELECT count(*) FROM c", "1\n");
}

TEST_F(any_table, what_cannot_be_shown_when_tracking_begins_is_not_removed) {
  a.elsewhere("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
  b.elsewhere("CREATE TABLE t(id INTEGER PRIMARY KEY, x CHECK(x < 5))");
  a.elsewhere("INSERT INTO t VALUES(1, 1), (2, 9)");
  ASSERT_TRUE(a.track("t"));
  ASSERT_TRUE(b.follow(a));
  ASSERT_TRUE(b.track("t"));
  EXPECT_TRUE(b.pending().empty());
  EXPECT_EQ(b.rows("SELECT id FROM t"), "1\n");
  EXPECT_EQ(b.rows("SELECT count(*) FROM lockstep_set_aside"), "1\n");
}

TEST_F(any_table, a_copy_of_rows_without_a_key_is_no_news) {
  const std::string schema
    = "CREATE TABLE t(id TEXT, no, x, PRIMARY KEY(id, no));"
      "INSERT INTO t VALUES(NULL, 1, 'one'), (NULL, 1, 'one'), ('a', NULL, 2),"
      " ('a', 1, 3)";
  a.elsewhere(schema);
  b.elsewhere(schema);
  b.elsewhere("INSERT INTO t VALUES(NULL, 1, 'own')");
  ASSERT_TRUE(a.track("t"));
  ASSERT_TRUE(b.follow(a));
  ASSERT_TRUE(b.track("t"));
  settle();
  expect_rows("SELECT count(*) FROM t", "5\n");
  on(b, "DELETE FROM t WHERE x = 'one'");
  expect_rows("SELECT count(*) FROM t", "3\n");
}

TEST_F(any_table, what_triggers_refuse_here_was_accepted_where_it_was_written) {
  for (auto* device : {&a, &b})
    device->elsewhere(
      "CREATE TABLE kind(name TEXT PRIMARY KEY);"
      "CREATE TABLE item(name TEXT PRIMARY KEY, kind TEXT);"
      "CREATE TRIGGER known BEFORE INSERT ON item BEGIN SELECT RAISE(ABORT,"
      " 'There is no such kind') WHERE NOT EXISTS(SELECT 1 FROM kind WHERE"
      " name = NEW.kind); END");
  a.elsewhere("INSERT INTO kind VALUES('pen');"
              "INSERT INTO item VALUES('blue', 'pen'), ('red', 'pen')");
  // Only here does it know what kinds there are.
  ASSERT_TRUE(a.track("item"));
  ASSERT_TRUE(b.follow(a));
  ASSERT_TRUE(b.track("item"));
  settle();
  expect_rows("SELECT name FROM item ORDER BY name", "\"blue\"\n\"red\"\n");
  on(a, "INSERT INTO item VALUES('green', 'pen')");
  expect_rows("SELECT count(*) FROM item", "3\n");
  EXPECT_THROW(b.elsewhere("INSERT INTO item VALUES('black', 'pen')"),
               SQLite::Exception);
}

TEST_F(any_table, an_operation_that_makes_no_sense_stops_nobody) {
  make("CREATE TABLE t(id INTEGER PRIMARY KEY, x)", {"t"});
  b.elsewhere("INSERT INTO t VALUES(1, 1), (2, 2)");
  ASSERT_TRUE(b.capture());
  auto list = b.pending();
  list[0].data.clear();
  ASSERT_TRUE(a.sequence(list));
  EXPECT_EQ(a.rows("SELECT id FROM t"), "2\n");
  EXPECT_EQ(conflicts(), "1\n");
}

} // namespace lockstep

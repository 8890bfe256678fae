#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

struct tracking : testing::Test {
  tracking() {
    leader.leads = true;
  }

  failure refusal(const std::string& table,
                  const std::vector<std::string>& excluded = {}) {
    auto done = leader.track(table, excluded);
    return done ? failure{errc::none, {}} : done.error();
  }

  library_device leader{1};
  library_device follower{2};
};

} // namespace

TEST_F(tracking, what_is_no_table_of_the_application_is_refused) {
  leader.elsewhere("CREATE TABLE a(x); CREATE VIEW v AS SELECT * FROM a;"
                   "CREATE VIRTUAL TABLE f USING fts5(x);"
                   "CREATE TABLE hidden(rowid, _rowid_, oid)");
  EXPECT_EQ(refusal("a").code, errc::none);
  EXPECT_EQ(refusal("nowhere").code, errc::not_found);
  const std::pair<const char*, const char*> refused[]
    = {{"lockstep_state", "not the application's"},
       {"sqlite_schema", "not the application's"},
       {"v", "view"},
       {"f", "virtual"},
       {"f_content", "virtual"},
       {"hidden", "rename"}};
  for (const auto& [table, reason] : refused) {
    const auto why = refusal(table);
    EXPECT_EQ(why.code, errc::invalid_argument) << table;
    EXPECT_NE(why.message.find(reason), std::string::npos) << why.message;
  }
}

TEST_F(tracking, a_key_made_of_another_tables_rows_needs_that_table) {
  leader.elsewhere("CREATE TABLE a(id INTEGER PRIMARY KEY);"
                   "CREATE TABLE b(a REFERENCES a, n, PRIMARY KEY(a, n))");
  const auto why = refusal("b");
  EXPECT_EQ(why.code, errc::invalid_argument);
  EXPECT_NE(why.message.find("track that one first"), std::string::npos);
  EXPECT_EQ(refusal("a").code, errc::none);
  EXPECT_EQ(refusal("b").code, errc::none);
}

TEST_F(tracking, excluded_columns_must_make_sense) {
  leader.elsewhere("CREATE TABLE a(uuid TEXT PRIMARY KEY, here TEXT NOT NULL)");
  EXPECT_EQ(refusal("a", {"uuid"}).code, errc::invalid_argument);
  EXPECT_EQ(refusal("a", {"nowhere"}).code, errc::not_found);
  EXPECT_EQ(refusal("a", {"here"}).code, errc::invalid_argument);
}

TEST_F(tracking, a_table_is_still_tracked_after_a_restart) {
  leader.elsewhere(note_table);
  ASSERT_TRUE(leader.track("note"));
  leader.reopen();
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  EXPECT_EQ(leader.entries().size(), 1U);
  EXPECT_EQ(refusal("NOTE").code, errc::none) << "tracked already";
}

TEST_F(tracking, rows_that_are_there_enter_the_log_once) {
  leader.elsewhere(std::string{note_table} + ";" + insert_note(1, "a") + ";"
                   + insert_note(2, "b"));
  ASSERT_TRUE(leader.track("note"));
  const auto list = leader.entries();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].transaction_end, list[1].sequence);
  ASSERT_TRUE(leader.capture());
  EXPECT_EQ(leader.entries().size(), 2U);
}

TEST_F(tracking, records_that_came_before_the_table_come_into_it) {
  leader.elsewhere(note_table);
  ASSERT_TRUE(leader.track("note"));
  ASSERT_TRUE(leader.write(insert_note(1, "a", "x")));
  ASSERT_TRUE(leader.write(insert_note(2, "b")));
  ASSERT_TRUE(leader.write("DELETE FROM note WHERE name = 'b'"));
  ASSERT_TRUE(follower.follow(leader));
  ASSERT_TRUE(follower.write({record_change{
    "note", test_record(3), change_type::insert, R"({"name":"c"})"}}));
  follower.elsewhere(note_table);
  ASSERT_TRUE(follower.track("note"));
  EXPECT_EQ(follower.rows("SELECT name, text FROM note ORDER BY name"),
            "\"a\"|\"x\"\n\"c\"|null\n");
  EXPECT_EQ(follower.pending().size(), 1U);
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(tracking, excluded_columns_stay_local_and_survive_remote_changes) {
  for (auto* device : {&leader, &follower}) {
    device->elsewhere("CREATE TABLE a(uuid TEXT PRIMARY KEY, name TEXT UNIQUE,"
                      " here TEXT)");
    ASSERT_TRUE(device->track("a", {"here"}));
  }
  ASSERT_TRUE(leader.write("INSERT INTO a VALUES('" + uuid(1)
                           + "', 'x', 'secret'), ('" + uuid(2)
                           + "', 'y', 'secret')"));
  EXPECT_EQ(leader.entries().front().data.find("secret"), std::string::npos);
  ASSERT_TRUE(follower.follow(leader));
  ASSERT_TRUE(follower.write("UPDATE a SET here = 'mine ' || name"));
  EXPECT_TRUE(follower.pending().empty());
  ASSERT_TRUE(leader.write({sql_statement{"UPDATE a SET name = 't' WHERE name ="
                                          " 'x'",
                                          {}},
                            sql_statement{"UPDATE a SET name = 'x' WHERE name ="
                                          " 'y'",
                                          {}},
                            sql_statement{"UPDATE a SET name = 'y' WHERE name ="
                                          " 't'",
                                          {}}}));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.rows("SELECT name, here FROM a ORDER BY name"),
            "\"x\"|\"mine y\"\n\"y\"|\"mine x\"\n");
}

TEST_F(tracking, keys_of_bytes_stay_bytes_on_every_device) {
  for (auto* device : {&leader, &follower}) {
    device->elsewhere("CREATE TABLE a(uuid BLOB PRIMARY KEY, name TEXT)");
    ASSERT_TRUE(device->track("a"));
  }
  ASSERT_TRUE(leader.write({record_change{
    "a", test_record(1), change_type::insert, R"({"name":"x"})"}}));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.rows("SELECT typeof(uuid), length(uuid) FROM a"),
            "\"blob\"|16\n");
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(tracking, rows_that_are_as_the_log_says_keep_their_numbers) {
  const auto tables = "CREATE TABLE album(id INTEGER PRIMARY KEY, uuid TEXT"
                      " UNIQUE NOT NULL, name TEXT);"
                      "CREATE TABLE song(uuid TEXT PRIMARY KEY NOT NULL, album"
                      " INTEGER REFERENCES album(id));"
                      "INSERT INTO album VALUES(7, '"
                      + uuid(1) + "', 'a'), (9, '" + uuid(2) + "', 'b')";
  leader.elsewhere(tables);
  for (const auto* table : {"album", "song"})
    ASSERT_TRUE(leader.track(table));
  ASSERT_TRUE(follower.follow(leader));
  // A copy of the file.
  follower.elsewhere(tables);
  for (const auto* table : {"album", "song"})
    ASSERT_TRUE(follower.track(table));
  EXPECT_TRUE(follower.pending().empty());
  ASSERT_TRUE(leader.write("INSERT INTO song VALUES('" + uuid(3) + "', 9)"));
  ASSERT_TRUE(leader.write("UPDATE album SET name = 'c' WHERE id = 9"));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.rows("SELECT album, name FROM song JOIN album ON album.id"
                          " = song.album"),
            "9|\"c\"\n");
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(tracking, a_number_of_another_type_is_another_value) {
  const std::string table = "CREATE TABLE a(uuid TEXT PRIMARY KEY NOT NULL, n)";
  for (auto* device : {&leader, &follower})
    device->elsewhere(table);
  ASSERT_TRUE(leader.track("a"));
  ASSERT_TRUE(leader.write("INSERT INTO a VALUES('" + uuid(1) + "', 1.0)"));
  ASSERT_TRUE(follower.follow(leader));
  follower.elsewhere("INSERT INTO a VALUES('" + uuid(1) + "', 1)");
  ASSERT_TRUE(follower.track("a"));
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.rows("SELECT typeof(n) FROM a"),
            leader.rows("SELECT typeof(n) FROM a"));
}

} // namespace lockstep

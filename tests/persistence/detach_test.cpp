#include "persistence/detach.hpp"
#include "persistence/table_list.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

struct detaching : testing::Test {
  detaching() {
    device.leads = true;
    device.elsewhere(schema);
    for (const auto* table : {"album", "photo", "log", "tagged"})
      EXPECT_TRUE(device.track(table));
  }

  expected<untracked_table> untrack(const std::string& table) {
    auto& store = *device.store;
    EXPECT_TRUE(store.begin(durability::by_itself));
    auto done = untrack_in(table);
    if (done)
      EXPECT_TRUE(store.commit());
    else
      store.rollback();
    return done;
  }

  expected<untracked_table> untrack_in(const std::string& table) {
    return lockstep::untrack(*device.store, table);
  }

  static constexpr auto schema
    = "CREATE TABLE album(id INTEGER PRIMARY KEY, name UNIQUE);"
      "CREATE TABLE photo(id INTEGER PRIMARY KEY AUTOINCREMENT, album"
      " REFERENCES album(id));"
      "CREATE TABLE log(line);"
      "CREATE TABLE tagged(photo REFERENCES photo(id), tag, PRIMARY KEY(photo,"
      " tag)) WITHOUT ROWID;"
      "CREATE VIEW v AS SELECT * FROM photo; CREATE INDEX i ON photo(album);"
      "CREATE TRIGGER t AFTER INSERT ON photo BEGIN INSERT INTO log"
      " VALUES('new'); END";
  library_device device{1};
};

constexpr auto whole_schema = "SELECT type, name, tbl_name, sql FROM"
                              " sqlite_schema ORDER BY name";

} // namespace

TEST_F(detaching, leaves_the_file_as_a_program_without_lockstep_would) {
  SQLite::Database plain{":memory:",
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  plain.exec(schema);
  const std::string work = "INSERT INTO album VALUES(1, 'a'), (2, 'b');"
                           "INSERT INTO photo(album) VALUES(1), (2);"
                           "INSERT INTO tagged VALUES(1, 'x');"
                           "DELETE FROM album WHERE id = 3";
  plain.exec(work);
  device.elsewhere(work);
  ASSERT_TRUE(device.capture());
  ASSERT_TRUE(detach(*device.store));
  auto dump = [](SQLite::Database& database) {
    std::string text;
    SQLite::Statement rows{database, whole_schema};
    while (rows.executeStep())
      for (int i = 0; i < 4; ++i)
        text += rows.getColumn(i).getString() + "\n";
    for (const auto* table : {"album", "photo", "log", "tagged"}) {
      SQLite::Statement content{database,
                                std::string{"SELECT * FROM "} + table};
      while (content.executeStep())
        for (int i = 0; i < content.getColumnCount(); ++i)
          text += content.getColumn(i).getString() + "|";
    }
    return text;
  };
  EXPECT_EQ(dump(*device.store->database), dump(plain));
}

TEST_F(detaching, an_untracked_table_is_left_alone_and_its_rows_stay) {
  device.elsewhere("INSERT INTO log VALUES('a'), ('b')");
  ASSERT_TRUE(device.capture());
  const auto before = device.entries().size();
  auto done = untrack("LOG");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->table, "log");
  device.elsewhere("INSERT INTO log VALUES('c')");
  ASSERT_TRUE(device.capture());
  EXPECT_EQ(device.entries().size(), before);
  EXPECT_EQ(device.rows("SELECT count(*) FROM log"), "3\n");
  EXPECT_EQ(device.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE"
                        " 'lockstep%' AND tbl_name = 'log'"),
            "0\n");
  // Tracked again, only what is new goes into the log.
  ASSERT_TRUE(device.track("log"));
  EXPECT_EQ(device.entries().size(), before + 1);
}

TEST_F(detaching, what_is_not_tracked_or_still_needed_is_refused) {
  EXPECT_EQ(untrack("nowhere").error().code, errc::not_found);
  const auto why = untrack("photo");
  ASSERT_FALSE(why);
  EXPECT_NE(why.error().message.find("untrack that one first"),
            std::string::npos);
  EXPECT_TRUE(untrack("tagged"));
  EXPECT_TRUE(untrack("photo"));
}

TEST_F(detaching, the_list_of_tables_says_what_can_be_tracked) {
  device.elsewhere("CREATE TABLE a_child(p REFERENCES z_parent);"
                   "CREATE TABLE z_parent(id INTEGER PRIMARY KEY);"
                   "CREATE VIRTUAL TABLE words USING fts5(x)");
  std::string text;
  for (const auto& table : list_tables(*device.store).tables)
    text += table.name + (table.model.empty() ? "" : " tracked")
            + (table.refusal.empty() ? "" : " refused") + "\n";
  EXPECT_EQ(text, "z_parent\na_child\nalbum tracked\nlog tracked\n"
                  "photo tracked\ntagged tracked\nwords refused\n");
}

} // namespace lockstep

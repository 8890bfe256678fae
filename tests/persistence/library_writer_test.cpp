#include "persistence/pending_keeper.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

struct writers : testing::Test {
  writers() {
    device.elsewhere(note_table);
    EXPECT_TRUE(device.track("note"));
  }

  /// What a transaction amounts to: model-less, "insert 1", "update 2 name".
  std::vector<std::string> written(const std::vector<std::string>& statements) {
    std::vector<transaction_step> steps;
    for (const auto& sql : statements)
      steps.emplace_back(sql_statement{sql, {}});
    auto list = device.write(steps);
    if (!list)
      return {list.error().message};
    return described(*list);
  }

  static std::vector<std::string>
  described(const std::vector<operation>& operations) {
    std::vector<std::string> list;
    for (const auto& what : operations) {
      auto text = std::string{to_string(what.change)} + " "
                  + std::to_string(what.record.bytes[15]);
      for (const auto& name : what.changed)
        text += " " + name;
      list.push_back(text);
    }
    return list;
  }

  errc refused(const std::string& sql,
               const std::vector<sql_value>& parameters = {}) {
    auto done = device.write({sql_statement{sql, parameters}});
    return done ? errc::none : done.error().code;
  }

  using strings = std::vector<std::string>;

  library_device device{1};
};

std::string where(std::uint8_t number) {
  return " WHERE uuid = '" + uuid(number) + "'";
}

record_change change(std::uint8_t number, change_type kind,
                     const std::string& data) {
  return {"note", test_record(number), kind, data};
}

} // namespace

TEST_F(writers, one_operation_a_record_with_the_columns_that_changed) {
  EXPECT_EQ(written({insert_note(1, "a", "x"), insert_note(2, "b")}),
            (strings{"insert 1", "insert 2"}));
  EXPECT_EQ(written({"UPDATE note SET name = 'c'" + where(1),
                     "UPDATE note SET text = 'y'" + where(1)}),
            strings{"update 1 name text"});
  EXPECT_EQ(written({"DELETE FROM note" + where(2)}), strings{"delete 2"});
}

TEST_F(writers, an_update_that_changes_nothing_is_no_operation) {
  written({insert_note(1, "a", "x")});
  EXPECT_EQ(written({"UPDATE note SET name = 'a', text = 'x'"}), strings{});
}

TEST_F(writers, a_row_that_comes_and_goes_is_no_operation) {
  EXPECT_EQ(written({insert_note(1, "a"), "DELETE FROM note"}), strings{});
}

TEST_F(writers, a_changed_key_is_another_record) {
  written({insert_note(1, "a")});
  EXPECT_EQ(written({"UPDATE note SET uuid = '" + uuid(2) + "'"}),
            (strings{"delete 1", "insert 2"}));
}

TEST_F(writers, the_same_key_as_text_and_as_bytes_is_one_record) {
  written({insert_note(1, "a")});
  EXPECT_EQ(
    written({"UPDATE note SET uuid = x'" + std::string(30, '0') + "01'"}),
    strings{"update 1 uuid"});
}

TEST_F(writers, changes_of_case_or_type_alone_are_noticed) {
  device.elsewhere("CREATE TABLE loose(uuid TEXT PRIMARY KEY, name TEXT COLLATE"
                   " NOCASE, value)");
  ASSERT_TRUE(device.track("loose"));
  written({"INSERT INTO loose VALUES('" + uuid(1) + "', 'a', 1)"});
  EXPECT_EQ(written({"UPDATE loose SET name = 'A'"}), strings{"update 1 name"});
  EXPECT_EQ(written({"UPDATE loose SET value = 1.0"}),
            strings{"update 1 value"});
  EXPECT_EQ(written({"UPDATE loose SET value = '1'"}),
            strings{"update 1 value"});
}

TEST_F(writers, numbers_follow_on_what_the_disk_holds) {
  auto first = device.write(insert_note(1, "a"));
  device.reopen();
  auto second = device.write(insert_note(2, "b"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->front().device_sequence,
            first->front().device_sequence + 1);
}

TEST_F(writers, an_operation_names_the_pending_one_before_it) {
  auto first = device.write(insert_note(1, "a"));
  auto second = device.write("UPDATE note SET text = 'x'");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->front().base_operation, first->front().device_sequence);
}

TEST_F(writers, a_constraint_undoes_the_whole_transaction) {
  device.elsewhere("CREATE TABLE strict(uuid TEXT PRIMARY KEY, n INTEGER NOT"
                   " NULL CHECK(n > 0), note TEXT REFERENCES note(uuid))");
  ASSERT_TRUE(device.track("strict"));
  written({insert_note(1, "a")});
  const std::vector<std::string> broken{
    insert_note(3, "a"),
    "INSERT INTO strict VALUES('" + uuid(4) + "', NULL, NULL)",
    "INSERT INTO strict VALUES('" + uuid(4) + "', 0, NULL)",
    "INSERT INTO strict VALUES('" + uuid(4) + "', 1, '" + uuid(9) + "')"};
  for (const auto& sql : broken) {
    auto done = device.write(
      {sql_statement{insert_note(2, "b"), {}}, sql_statement{sql, {}}});
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, errc::constraint) << sql;
    EXPECT_EQ(device.rows("SELECT count(*) FROM note"), "1\n");
    EXPECT_EQ(device.rows("SELECT count(*) FROM lockstep_touched"), "0\n");
  }
  EXPECT_EQ(written({insert_note(2, "b")}), strings{"insert 2"});
}

TEST_F(writers, a_foreign_key_may_wait_for_its_parent_within_a_transaction) {
  device.elsewhere("CREATE TABLE child(uuid TEXT PRIMARY KEY, note TEXT"
                   " REFERENCES note(uuid))");
  ASSERT_TRUE(device.track("child"));
  EXPECT_EQ(
    written({"INSERT INTO child VALUES('" + uuid(2) + "', '" + uuid(1) + "')",
             insert_note(1, "a")}),
    (strings{"insert 2", "insert 1"}));
}

TEST_F(writers, statements_may_not_leave_their_place) {
  for (const auto* sql :
       {"BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "RELEASE lockstep",
        "ATTACH 'x' AS x",
        "DETACH main",
        "DELETE FROM lockstep_pending",
        "UPDATE lockstep_state SET applying = 1",
        "DROP TABLE lockstep_state",
        "ALTER TABLE lockstep_state RENAME TO x",
        "CREATE TABLE lockstep_mine(a)",
        "DROP TRIGGER lockstep_insert_1",
        "CREATE TRIGGER mine AFTER INSERT ON lockstep_pending BEGIN SELECT 1;"
        " END",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint",
        "PRAGMA synchronous = OFF",
        "VACUUM x",
        "DELETE FROM note; DELETE FROM note",
        "SELEC 1"})
    EXPECT_EQ(refused(sql), errc::invalid_argument) << sql;
  EXPECT_EQ(refused("PRAGMA table_info(note)"), errc::none);
  EXPECT_EQ(refused("CREATE TABLE mine(a)"), errc::none);
  EXPECT_EQ(refused("INSERT INTO mine VALUES(';'); -- done"), errc::none);
}

TEST_F(writers, parameters_must_be_as_many_as_their_places) {
  const sql_value text{std::string{"a"}};
  const std::string sql = "UPDATE note SET name = ?, text = ?";
  EXPECT_EQ(refused(sql, {text}), errc::invalid_argument);
  EXPECT_EQ(refused(sql, {text, text, text}), errc::invalid_argument);
  EXPECT_EQ(refused(sql, {text, text}), errc::none);
}

TEST_F(writers, a_query_only_reads) {
  written({insert_note(1, "a")});
  auto& store = *device.store;
  auto rows
    = store.query({"SELECT name FROM note WHERE name = ?", {std::string{"a"}}});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->rows.size(), 1U);
  for (const auto* sql : {"DELETE FROM note", "PRAGMA foreign_keys = OFF",
                          "UPDATE note SET name = 'b' RETURNING name", "BEGIN",
                          "SELECT 1; DELETE FROM note"}) {
    auto refused_now = store.query({sql, {}});
    ASSERT_FALSE(refused_now) << sql;
    EXPECT_EQ(refused_now.error().code, errc::invalid_argument) << sql;
  }
}

TEST_F(writers, open_their_library_while_another_program_writes) {
  SQLite::Database other{device.database_file().string(),
                         SQLite::OPEN_READWRITE};
  other.exec("BEGIN IMMEDIATE; UPDATE note SET name = 'b'");
  EXPECT_NO_THROW(device.reopen());
}

TEST_F(writers, a_statement_that_rolls_all_back_takes_nothing_else_along) {
  written({insert_note(1, "a")});
  auto& store = *device.store;
  ASSERT_TRUE(store.begin(durability::by_itself));
  library_writer writer{store, [] {
                          return timestamp{};
                        }};
  pending_keeper keeper{store};
  EXPECT_TRUE(writer.run({sql_statement{insert_note(2, "b"), {}}}, keeper));
  EXPECT_FALSE(writer.run(
    {sql_statement{
      "INSERT OR ROLLBACK INTO note VALUES('" + uuid(3) + "', 'a', '')", {}}},
    keeper));
  EXPECT_FALSE(writer.run({sql_statement{insert_note(4, "d"), {}}}, keeper));
  EXPECT_FALSE(writer.captured(keeper));
  EXPECT_FALSE(store.commit());
  EXPECT_THROW(store.set_applied(sequence_number{5}), std::logic_error);
  EXPECT_EQ(device.rows("SELECT name FROM note"), "\"a\"\n");
}

TEST_F(writers, images_name_the_columns_that_they_speak_of) {
  device.elsewhere(
    "CREATE TABLE full(uuid TEXT PRIMARY KEY, name TEXT NOT NULL,"
    " text TEXT DEFAULT 'none')");
  ASSERT_TRUE(device.track("full"));
  auto full = [](change_type kind, const std::string& data) {
    return record_change{"full", test_record(1), kind, data};
  };
  ASSERT_TRUE(device.write({full(change_type::insert, R"({"name":"a"})")}));
  EXPECT_EQ(device.rows("SELECT name, text FROM full"), "\"a\"|\"none\"\n");
  ASSERT_TRUE(device.write({full(change_type::update, R"({"text":"b"})")}));
  EXPECT_EQ(device.rows("SELECT name, text FROM full"), "\"a\"|\"b\"\n");
  ASSERT_TRUE(device.write({full(change_type::remove, {})}));
  EXPECT_EQ(device.rows("SELECT * FROM full"), "");
}

TEST_F(writers, an_image_of_another_record_is_refused) {
  auto done = device.write(
    {change(1, change_type::insert, R"({"uuid":")" + uuid(2) + R"("})")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::invalid_argument);
}

TEST_F(writers, an_insert_of_a_known_record_is_refused) {
  ASSERT_TRUE(device.write({change(1, change_type::insert, "{}")}));
  auto again = device.write({change(1, change_type::insert, "{}")});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::already_exists);
}

TEST_F(writers, what_other_programs_write_is_captured) {
  device.elsewhere(insert_note(1, "a"));
  ASSERT_TRUE(device.capture());
  EXPECT_EQ(described(device.pending()), strings{"insert 1"});
}

TEST_F(writers, what_is_too_large_to_capture_is_not_forgotten) {
  device.store->limits.entry_bytes_limit = 200;
  device.elsewhere(insert_note(1, "a", std::string(300, 'x')));
  {
    auto& store = *device.store;
    ASSERT_TRUE(store.begin(durability::by_itself));
    library_writer writer{store, [] {
                            return timestamp{};
                          }};
    pending_keeper keeper{store};
    auto captured = writer.captured(keeper);
    ASSERT_FALSE(captured);
    EXPECT_EQ(captured.error().code, errc::too_large);
    ASSERT_TRUE(store.commit());
  }
  device.store->limits.entry_bytes_limit = 1'000;
  ASSERT_TRUE(device.capture());
  EXPECT_EQ(described(device.pending()), strings{"insert 1"});
}

} // namespace lockstep

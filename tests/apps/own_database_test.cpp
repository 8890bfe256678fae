#include "tests/apps/hosted_nodes.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>
#include <iterator>

namespace lockstep {
namespace {

using testing::HasSubstr;

constexpr auto some_tables
  = "CREATE TABLE town(id INTEGER PRIMARY KEY AUTOINCREMENT, name UNIQUE);"
    "CREATE TABLE street(name, town REFERENCES town(id));"
    "CREATE INDEX by_town ON street(town);"
    "CREATE VIEW both AS SELECT * FROM town JOIN street;"
    "INSERT INTO town(name) VALUES('Ulm'), ('Bonn');"
    "INSERT INTO street VALUES('Hauptstr.', 1)";

/// Libraries whose database is a file of the application's own.
class own_database : public hosted_nodes {
protected:
  own_database() {
    make(file());
  }

  std::filesystem::path file() {
    return folder / "it's 100% mine?#.sqlite";
  }

  static void make(const std::filesystem::path& at) {
    run(at, some_tables);
  }

  static void run(const std::filesystem::path& at, const std::string& sql) {
    SQLite::Database{at.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                     5'000}
      .exec(sql);
  }

  /// All that a program finds in a database.
  static std::string content(const std::filesystem::path& at) {
    SQLite::Database database{at.string(), SQLite::OPEN_READWRITE, 5'000};
    std::string text
      = database.execAndGet("PRAGMA journal_mode").getString() + "\n";
    std::vector<std::string> tables;
    SQLite::Statement schema{database, "SELECT type, name, tbl_name, sql FROM"
                                       " sqlite_schema ORDER BY name"};
    while (schema.executeStep()) {
      for (int i = 0; i < 4; ++i)
        text += schema.getColumn(i).getString() + "|";
      if (schema.getColumn(0).getString() == "table")
        tables.push_back(schema.getColumn(1).getString());
    }
    for (const auto& table : tables) {
      SQLite::Statement rows{database, "SELECT * FROM \"" + table + "\""};
      while (rows.executeStep())
        for (int i = 0; i < rows.getColumnCount(); ++i)
          text += rows.getColumn(i).getString() + "|";
    }
    return text;
  }

  static std::string bytes(const std::filesystem::path& at) {
    std::ifstream stream{at, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  /// Making a library on `at` fails, and nothing is left of the attempt.
  void expect_refused(node& device, const std::filesystem::path& at, errc code,
                      const std::string& what) {
    const auto before = device.libraries()->size();
    const auto made = device.create_library("another", at);
    EXPECT_EQ(code_of(made), code) << at;
    EXPECT_THAT(complaint_of(made), is_one_sentence());
    EXPECT_THAT(complaint_of(made), HasSubstr(what));
    EXPECT_EQ(device.libraries()->size(), before);
  }
};

TEST_F(own_database, is_as_without_lockstep_once_it_is_detached) {
  const auto plain = folder / "plain.sqlite";
  make(plain);
  const std::string work
    = "INSERT INTO town(name) VALUES('Rom'); DELETE FROM street;"
      "UPDATE town SET name = 'Köln' WHERE id = 2";
  {
    auto device = open("a");
    auto made = device.create_library("towns", file());
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->database(), file());
    ASSERT_TRUE(within(made->track({"town", "", {}})));
    ASSERT_TRUE(within(made->track({"street", "", {}})));
    const auto before = within(made->latest_sequence());
    run(file(), work);
    ASSERT_TRUE(eventually([&] {
      return before->value + 3 <= within(made->latest_sequence())->value;
    }));
    EXPECT_EQ(code_of(device.delete_library(made->id())),
              errc::invalid_argument);
    const auto gone = device.delete_library(made->id(), true);
    ASSERT_TRUE(gone) << gone.error().message;
    EXPECT_TRUE(device.libraries()->empty());
    EXPECT_FALSE(std::filesystem::exists(directory_of("a") / "libraries"
                                         / to_string(made->id())));
  }
  run(plain, work);
  EXPECT_EQ(content(file()), content(plain));
}

TEST_F(own_database, is_detached_also_while_its_library_is_closed) {
  const auto before = content(file());
  {
    auto device = open("a");
    auto made = device.create_library("towns", file());
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(within(made->track({"town", "", {}})));
  }
  auto device = open("a");
  const auto id = device.libraries()->front().id;
  const auto gone = device.delete_library(id, true);
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(content(file()), before);
  EXPECT_EQ(code_of(device.delete_library(id, true)), errc::not_found);
}

TEST_F(own_database, a_copy_is_not_tracked_before_the_log_is_there) {
  const auto copy = folder / "copy.sqlite";
  make(copy);
  auto a = open("a");
  auto b = open("b");
  auto on_a = a.create_library("towns", file());
  ASSERT_TRUE(on_a) << on_a.error().message;
  ASSERT_TRUE(within(on_a->track({"street", "", {}})));
  shared.set_online(b.device(), false);
  auto on_b = a.share_library(*on_a, b, copy);
  ASSERT_TRUE(on_b) << on_b.error().message;
  auto waits = on_b->track({"street", "", {}});
  const auto unread = within(on_b->query("SELECT count(*) FROM street"));
  EXPECT_EQ(code_of(unread), errc::incomplete);
  EXPECT_THAT(complaint_of(unread), HasSubstr("has not finished"));
  EXPECT_TRUE(within(on_b->status())->first_sync);
  EXPECT_NE(waits.wait_for(std::chrono::milliseconds{100}),
            std::future_status::ready);
  shared.set_online(b.device(), true);
  ASSERT_TRUE(within(std::move(waits)));
  ASSERT_TRUE(eventually([&] { return within(on_b->status())->pending == 0; }));
  SQLite::Database rows{copy.string(), SQLite::OPEN_READONLY};
  EXPECT_EQ(rows.execAndGet("SELECT count(*) FROM street").getInt(), 1);
}

TEST_F(own_database, keeps_the_write_ahead_log_that_it_had) {
  run(file(), "PRAGMA journal_mode=WAL");
  const auto before = content(file());
  auto device = open("a");
  auto made = device.create_library("towns", file());
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(device.delete_library(made->id(), true));
  EXPECT_EQ(content(file()), before);
}

TEST_F(own_database, is_made_where_there_is_none) {
  auto device = open("a");
  const auto fresh = folder / "fresh.sqlite";
  auto made = device.create_library("towns", fresh);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(std::filesystem::exists(fresh));
  ASSERT_TRUE(device.delete_library(made->id(), true));
  EXPECT_EQ(content(fresh), "delete\n");
}

TEST_F(own_database, belongs_to_one_library_whatever_it_is_called) {
  auto device = open("a");
  ASSERT_TRUE(device.create_library("towns", file()));
  std::filesystem::create_symlink(file(), folder / "soft");
  std::filesystem::create_hard_link(file(), folder / "hard");
  for (const auto& at : {file(), folder / "soft", folder / "hard"})
    expect_refused(device, at, errc::already_exists, "another library of this");
}

TEST_F(own_database, of_another_device_is_not_taken) {
  auto device = open("a");
  auto other = open("b");
  ASSERT_TRUE(device.create_library("towns", file()));
  const auto before = bytes(file());
  expect_refused(other, file(), errc::already_exists, "--detach");
  EXPECT_EQ(bytes(file()), before);
}

TEST_F(own_database, must_be_one) {
  auto device = open("a");
  std::ofstream{folder / "text"} << std::string(4'000, 'x');
  std::ofstream{folder / "byte"} << "x";
  const auto before = bytes(folder / "text");
  expect_refused(device, folder / "text", errc::corrupt, "no SQLite database");
  expect_refused(device, folder / "byte", errc::corrupt, "no SQLite database");
  expect_refused(device, folder.path(), errc::invalid_argument, "is a folder");
  expect_refused(device, folder / "no" / "such", errc::not_found, "folder");
  expect_refused(device, ":memory:", errc::invalid_argument, "whole path");
  expect_refused(device, directory_of("a") / "libraries" / "x",
                 errc::invalid_argument, "Lockstep's own");
  expect_refused(device, "/dev/null", errc::invalid_argument, "ordinary file");
  EXPECT_EQ(bytes(folder / "text"), before);
  EXPECT_FALSE(std::filesystem::exists(folder / "no"));
}

TEST_F(own_database, is_untouched_when_its_library_cannot_be_made) {
  const auto before = content(file());
  auto device = open("a");
  const auto fresh = folder / "fresh.sqlite";
  for (const auto& at : {file(), fresh})
    EXPECT_EQ(code_of(device.create_library("a/b", at)),
              errc::invalid_argument);
  EXPECT_EQ(content(file()), before);
  EXPECT_FALSE(std::filesystem::exists(fresh));
  // It fails after the file was taken: somebody else holds it.
  SQLite::Database holder{file().string(), SQLite::OPEN_READWRITE};
  holder.exec("BEGIN IMMEDIATE");
  expect_refused(device, file(), errc::busy, "in use");
  holder.exec("ROLLBACK");
  EXPECT_EQ(content(file()), before);
  EXPECT_TRUE(device.create_library("towns", file()));
}

TEST_F(own_database, that_is_gone_is_not_made_anew) {
  {
    auto device = open("a");
    auto made = device.create_library("towns", file());
    ASSERT_TRUE(made) << made.error().message;
  }
  std::filesystem::rename(file(), folder / "elsewhere");
  auto device = open("a");
  const auto refused = device.open_library("towns");
  EXPECT_EQ(code_of(refused), errc::not_found);
  EXPECT_THAT(complaint_of(refused), HasSubstr("put it back"));
  EXPECT_FALSE(std::filesystem::exists(file()));
  std::filesystem::rename(folder / "elsewhere", file());
  EXPECT_TRUE(device.open_library("towns"));
}

TEST_F(own_database, is_detached_after_a_deletion_that_was_cut_off) {
  const auto before = content(file());
  library_id id;
  {
    auto device = open("a");
    auto made = device.create_library("towns", file());
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(within(made->track({"town", "", {}})));
    id = made->id();
  }
  // As a crash leaves it after the first step.
  const auto description
    = directory_of("a") / "libraries" / to_string(id) / "library.json";
  auto text = bytes(description);
  text.insert(text.find('{') + 1, "\"removing\": true,");
  std::ofstream{description} << text;
  auto device = open("a");
  const auto refused = device.open_library("towns");
  EXPECT_THAT(complaint_of(refused), HasSubstr("delete it again"));
  const auto gone = device.delete_library(id, true);
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(content(file()), before);
}

TEST_F(own_database, of_a_member_fills_from_the_others) {
  auto first = open("a");
  auto second = open("b");
  auto made = first.create_library("towns", file());
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(within(made->track({"town", "", {}})));
  const auto mine = folder / "mine.sqlite";
  auto joined = first.share_library(*made, second, mine);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(joined->database(), mine);
  run(mine, "CREATE TABLE town(id INTEGER PRIMARY KEY AUTOINCREMENT,"
            " name UNIQUE)");
  const auto tracked = within(joined->track({"town", "", {}}));
  ASSERT_TRUE(tracked) << tracked.error().message;
  EXPECT_TRUE(eventually([&] {
    SQLite::Database database{mine.string(), SQLite::OPEN_READONLY, 5'000};
    return database.execAndGet("SELECT count(*) FROM town").getInt() == 2;
  }));
}

} // namespace
} // namespace lockstep

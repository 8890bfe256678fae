#include "persistence/sqlite_file.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

constexpr std::array<migration, 2> two_steps{{
  {1, "make notes",
   "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT);"
   "INSERT INTO note(text) VALUES('one');"},
  {2, "add colour", "ALTER TABLE note ADD COLUMN colour TEXT"},
}};

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class sqlite_file : public testing::Test {
protected:
  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "lockstep-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "some.db";
  }

  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void write(std::string_view bytes) const {
    std::ofstream{file_, std::ios::binary} << bytes;
  }

  fs::path folder_;
  fs::path file_;
};

errc code_of(int result) {
  return sqlite_failure(SQLite::Exception("text", result), "some.db").code;
}

} // namespace

TEST_F(sqlite_file, defers_foreign_keys_and_keeps_statements_prepared) {
  auto database = *open_sqlite(file_, open_mode::create);
  database->exec("CREATE TABLE parent(id INTEGER PRIMARY KEY);"
                 "CREATE TABLE child(of INTEGER REFERENCES parent(id))");
  database->exec("BEGIN IMMEDIATE");
  defer_foreign_keys(*database);
  SQLite::Statement add{*database, "INSERT INTO child VALUES(7)"};
  database->exec("ROLLBACK");
  auto* raw = sqlite3_next_stmt(database->getHandle(), nullptr);
  for (int i = 0; i < 3; ++i) {
    database->exec("BEGIN IMMEDIATE");
    defer_foreign_keys(*database);
    EXPECT_EQ(add.exec(), 1) << "the parent may come later";
    add.reset();
    database->exec("INSERT OR IGNORE INTO parent VALUES(7); COMMIT;"
                   "BEGIN; DELETE FROM child; DELETE FROM parent; COMMIT");
  }
  EXPECT_EQ(sqlite3_stmt_status(raw, SQLITE_STMTSTATUS_REPREPARE, 0), 0);
  EXPECT_THROW(add.exec(), SQLite::Exception) << "deferred without an end";
}

TEST_F(sqlite_file, created_in_write_ahead_mode_with_foreign_keys) {
  auto database = open_sqlite(file_, open_mode::create);
  ASSERT_TRUE(database) << database.error().message;
  auto& db = **database;
  EXPECT_EQ(db.execAndGet("PRAGMA journal_mode").getString(), "wal");
  EXPECT_EQ(db.execAndGet("PRAGMA foreign_keys").getInt(), 1);
  EXPECT_EQ(db.execAndGet("PRAGMA busy_timeout").getInt(), 5000);
}

TEST_F(sqlite_file, missing_file_is_not_made_unless_asked) {
  for (auto mode : {open_mode::existing, open_mode::read_only}) {
    auto database = open_sqlite(file_, mode);
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().code, errc::not_found);
    EXPECT_TRUE(database.error().message.ends_with("."));
    EXPECT_FALSE(fs::exists(file_));
  }
}

TEST_F(sqlite_file, garbage_is_corrupt_and_stays_as_it_is) {
  for (std::size_t size : {1u, 50u, 100u, 5000u}) {
    std::string garbage(size, 'x');
    write(garbage);
    for (auto mode :
         {open_mode::create, open_mode::existing, open_mode::read_only}) {
      auto database = open_sqlite(file_, mode);
      ASSERT_FALSE(database) << size;
      EXPECT_EQ(database.error().code, errc::corrupt) << size;
      EXPECT_NE(database.error().message.find(file_.string()),
                std::string::npos);
      EXPECT_TRUE(database.error().message.ends_with(".")) << size;
      EXPECT_EQ(bytes_of(file_), garbage);
    }
  }
}

TEST_F(sqlite_file, folder_and_missing_parent_are_refused) {
  auto folder = open_sqlite(folder_, open_mode::create);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, errc::io);
  EXPECT_TRUE(folder.error().message.ends_with("."));
  auto orphan = open_sqlite(folder_ / "no" / "some.db", open_mode::create);
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code, errc::io);
  EXPECT_FALSE(fs::exists(folder_ / "no"));
}

TEST_F(sqlite_file, file_without_write_permission_is_read_only) {
  if (geteuid() == 0)
    GTEST_SKIP() << "root may write everything";
  ASSERT_TRUE(open_sqlite(file_, open_mode::create));
  fs::permissions(file_, fs::perms::owner_read);
  auto database = open_sqlite(file_, open_mode::existing);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, errc::read_only);
}

TEST_F(sqlite_file, read_only_connection_cannot_write) {
  {
    auto database = open_sqlite(file_, open_mode::create);
    ASSERT_TRUE(database);
    (*database)->exec("CREATE TABLE note(id INTEGER PRIMARY KEY)");
  }
  auto database = open_sqlite(file_, open_mode::read_only);
  ASSERT_TRUE(database);
  try {
    (*database)->exec("INSERT INTO note DEFAULT VALUES");
    FAIL() << "the row went in";
  } catch (const SQLite::Exception& problem) {
    EXPECT_EQ(sqlite_failure(problem, file_).code, errc::read_only);
  }
}

TEST_F(sqlite_file, migrations_run_once_and_in_order) {
  {
    auto database = open_sqlite(file_, open_mode::create);
    ASSERT_TRUE(database);
    ASSERT_TRUE(migrate(**database, file_, std::span{two_steps}.first(1)));
    ASSERT_TRUE(migrate(**database, file_, two_steps));
  }
  auto database = open_sqlite(file_, open_mode::existing, two_steps);
  ASSERT_TRUE(database);
  auto& db = **database;
  ASSERT_TRUE(migrate(db, file_, two_steps));
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM note").getInt(), 1);
  EXPECT_EQ(db.execAndGet("SELECT group_concat(number || name) "
                          "FROM lockstep_migration")
              .getString(),
            "1make notes,2add colour");
  EXPECT_EQ(db.execAndGet("PRAGMA user_version").getInt(), 0);
}

TEST_F(sqlite_file, failing_migration_leaves_those_before_it) {
  std::array<migration, 2> broken{two_steps};
  broken[1].sql = "CREATE TABLE half(id INTEGER); SELECT nonsense FROM nowhere";
  auto database = open_sqlite(file_, open_mode::create);
  ASSERT_TRUE(database);
  EXPECT_FALSE(migrate(**database, file_, broken));
  EXPECT_TRUE((*database)->tableExists("note"));
  EXPECT_FALSE((*database)->tableExists("half"));
  EXPECT_TRUE(migrate(**database, file_, two_steps));
}

TEST_F(sqlite_file, newer_file_is_refused_untouched) {
  {
    SQLite::Database plain{file_.string(),
                           SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    ASSERT_TRUE(migrate(plain, file_, two_steps));
  }
  auto before = bytes_of(file_);
  auto known = std::span{two_steps}.first(1);
  auto database = open_sqlite(file_, open_mode::existing, known);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, errc::newer_format);
  SQLite::Database plain{file_.string(), SQLite::OPEN_READWRITE};
  auto migrated = migrate(plain, file_, known);
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, errc::newer_format);
  EXPECT_EQ(bytes_of(file_), before);
}

TEST_F(sqlite_file, result_codes_have_their_error_codes) {
  EXPECT_EQ(code_of(SQLITE_CORRUPT), errc::corrupt);
  EXPECT_EQ(code_of(SQLITE_NOTADB), errc::corrupt);
  EXPECT_EQ(code_of(SQLITE_FULL), errc::disk_full);
  EXPECT_EQ(code_of(SQLITE_READONLY_DBMOVED), errc::read_only);
  EXPECT_EQ(code_of(SQLITE_CONSTRAINT_UNIQUE), errc::constraint);
  EXPECT_EQ(code_of(SQLITE_CANTOPEN), errc::io);
  EXPECT_EQ(code_of(SQLITE_IOERR_WRITE), errc::io);
  EXPECT_EQ(code_of(SQLITE_BUSY), errc::busy);
  EXPECT_EQ(code_of(SQLITE_LOCKED), errc::busy);
  EXPECT_EQ(code_of(SQLITE_TOOBIG), errc::too_large);
  EXPECT_EQ(code_of(SQLITE_ERROR), errc::invalid_argument);
  EXPECT_EQ(code_of(SQLITE_NOMEM), errc::internal);
}

} // namespace lockstep

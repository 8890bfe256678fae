#include "tests/apps/program.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <atomic>
#include <thread>

namespace lockstep {
namespace {

using testing::HasSubstr;

/// A library of notes with keys of its own and without any.
class backup_program : public lockstep_program {
protected:
  backup_program() {
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT);"
          "CREATE TABLE line(text TEXT);"
          "INSERT INTO note VALUES('a', 'one');"
          "INSERT INTO line VALUES('x'), ('y'), ('z');"
          "DELETE FROM line WHERE text = 'y'");
    EXPECT_EQ(run("init").status, 0);
    EXPECT_EQ(
      run("library create notes --database '" + file().string() + "'").status,
      0);
    EXPECT_EQ(run("track notes --all").status, 0);
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "notes.sqlite";
  }
  [[nodiscard]] std::filesystem::path copy() const {
    return folder / "copy.sqlite";
  }

  void write(const std::string& statements) const {
    SQLite::Database{file().string(),
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10'000}
      .exec(statements);
  }

  static std::string read(const std::filesystem::path& of,
                          const std::string& query) {
    return SQLite::Database{of.string()}.execAndGet(query).getString();
  }

  ended back_up() {
    return run("--json backup notes '" + copy().string() + "'");
  }

  /// As somebody does who has lost the file.
  void restore() const {
    for (const auto* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(file().string() + suffix);
    std::filesystem::copy_file(copy(), file());
  }
};

TEST_F(backup_program, copies_what_is_there) {
  const auto made = back_up();
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.json()["file"], copy().string());
  EXPECT_EQ(made.json()["sequence"],
            run("--json status notes").json()["applied"]);
  EXPECT_EQ(read(copy(), "SELECT text FROM note"), "one");
  EXPECT_EQ(read(copy(), "PRAGMA integrity_check"), "ok");
  // Rows keep their numbers, also where no column shows them.
  EXPECT_EQ(read(copy(), "SELECT max(rowid) FROM line"), "3");
  EXPECT_FALSE(std::filesystem::exists(copy().string() + ".unfinished"));
}

TEST_F(backup_program, overwrites_nothing) {
  std::ofstream{copy()} << "mine";
  expect_refused("backup notes '" + copy().string() + "'", 1, "already");
  EXPECT_EQ(std::filesystem::file_size(copy()), 4U);
  expect_refused("backup notes ''", 2, "empty");
  expect_refused("backup notes /no/such/folder/copy", 1, "/no/such/folder");
  expect_refused("backup nothing '" + copy().string() + "2'", 3, "nothing");
}

TEST_F(backup_program, names_what_cannot_be_made) {
  const auto copy = (folder / "nowhere" / "copy.db").string();
  expect_refused("backup notes '" + copy + "'", 1, copy + " cannot be opened");
}

TEST_F(backup_program, can_be_put_in_the_place_of_the_database) {
  ASSERT_EQ(back_up().status, 0);
  write("UPDATE note SET text = 'two'; INSERT INTO line VALUES('later');"
        "DELETE FROM line WHERE text = 'x'");
  ASSERT_EQ(run("wait notes").status, 0);
  const auto before = run("--json check notes").json();
  ASSERT_EQ(before["ok"], true);
  restore();
  // What the log says is there again, and nothing old counts as news.
  const auto after = run("--json check notes");
  ASSERT_EQ(after.status, 0) << after.out;
  EXPECT_EQ(after.json(), before);
  EXPECT_EQ(read(file(), "SELECT text FROM note"), "two");
  EXPECT_EQ(read(file(), "SELECT group_concat(text) FROM line"), "z,later");
}

TEST_F(backup_program, does_not_bring_back_what_was_pending_then) {
  // Not in the log when it was copied.
  write("INSERT INTO note VALUES('b', 'pending')");
  // Whoever wrote last has put all into the file itself.
  std::filesystem::copy_file(file(), copy());
  ASSERT_EQ(run("wait notes").status, 0);
  write("DELETE FROM note WHERE id = 'b'");
  ASSERT_EQ(run("wait notes").status, 0);
  const auto before = run("--json check notes").json();
  restore();
  const auto after = run("--json check notes");
  ASSERT_EQ(after.status, 0) << after.out;
  EXPECT_EQ(after.json()["tables"], before["tables"]);
}

TEST_F(backup_program, is_of_one_moment_while_somebody_writes) {
  std::atomic<bool> over = false;
  std::thread writer{[&] {
    for (int i = 0; !over; ++i)
      write("BEGIN IMMEDIATE; INSERT INTO note VALUES('l" + std::to_string(i)
            + "', 'twin'); INSERT INTO line VALUES('twin'); COMMIT");
  }};
  for (int i = 0; i < 5; ++i) {
    std::filesystem::remove(copy());
    const auto made = back_up();
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_EQ(read(copy(), "SELECT count(*) FROM note WHERE text = 'twin'"),
              read(copy(), "SELECT count(*) FROM line WHERE text = 'twin'"));
  }
  over = true;
  writer.join();
}

} // namespace
} // namespace lockstep

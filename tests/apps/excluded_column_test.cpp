#include "tests/apps/program.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace lockstep {
namespace {

/// A library whose rows have a column that stays on this device.
class excluded_column : public lockstep_program {
protected:
  excluded_column() {
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT, seen)");
    EXPECT_EQ(run("init").status, 0);
    EXPECT_EQ(
      run("library create notes --database '" + file().string() + "'").status,
      0);
    EXPECT_EQ(run("track notes note --exclude note.seen").status, 0);
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "notes.sqlite";
  }

  void write(const std::string& statements) const {
    SQLite::Database{file().string(),
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10'000}
      .exec(statements);
  }

  [[nodiscard]] std::string seen(const std::string& id) const {
    return SQLite::Database{file().string()}
      .execAndGet("SELECT quote(seen) FROM note WHERE id = '" + id + "'")
      .getString();
  }
};

TEST_F(excluded_column, stays_when_its_new_row_gets_its_place_in_the_log) {
  write("INSERT INTO note VALUES('a', 'one', 17), ('b', 'two', x'0102')");
  // What was written is pending before this device leads.
  ASSERT_EQ(run("wait notes").status, 0);
  EXPECT_EQ(seen("a"), "17");
  EXPECT_EQ(seen("b"), "X'0102'");
  write("UPDATE note SET text = 'three', seen = 'now' WHERE id = 'a'");
  ASSERT_EQ(run("wait notes").status, 0);
  EXPECT_EQ(seen("a"), "'now'");
}

} // namespace
} // namespace lockstep

#include "tests/apps/program.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace lockstep {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// A library with two notes, one of which was changed and one deleted.
class check_program : public lockstep_program {
protected:
  check_program() {
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT, stars"
          " INTEGER)");
    EXPECT_EQ(run("init").status, 0);
    EXPECT_EQ(
      run("library create notes --database '" + file().string() + "'").status,
      0);
    EXPECT_EQ(run("track notes --all").status, 0);
    write("INSERT INTO note VALUES('a', 'one', 1), ('b', 'two', 2), ('c',"
          " NULL, 3)");
    EXPECT_EQ(run("wait notes").status, 0);
    write("UPDATE note SET text = 'three' WHERE id = 'a';"
          "DELETE FROM note WHERE id = 'b'");
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "notes.sqlite";
  }

  void write(const std::string& statements) const {
    SQLite::Database{file().string(),
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}
      .exec(statements);
  }

  /// Past the triggers, as damage would.
  void damage(const std::string& statement) {
    ASSERT_EQ(run("wait notes").status, 0);
    write("UPDATE lockstep_state SET applying = 1;" + statement
          + ";UPDATE lockstep_state SET applying = 0");
  }

  void damage_log(const std::string& statement) {
    ASSERT_EQ(run("wait notes").status, 0);
    for (const auto& one :
         std::filesystem::directory_iterator{data() / "libraries"})
      SQLite::Database{(one.path() / "sync.db").string(),
                       SQLite::OPEN_READWRITE}
        .exec(statement);
  }

  /// Says that something is wrong, and this.
  void expect_problem(const std::string& what) {
    const auto checked = run("--json check notes");
    EXPECT_EQ(checked.status, 1);
    EXPECT_EQ(checked.json()["ok"], false);
    const auto problems
      = checked.json()["problems"].get<std::vector<std::string>>();
    EXPECT_THAT(problems, Contains(HasSubstr(what)));
    EXPECT_THAT(checked.err, HasSubstr("problem"));
    EXPECT_THAT(run("check notes").out, HasSubstr(what));
  }
};

TEST_F(check_program, finds_nothing_wrong) {
  const auto checked = run("--json check notes");
  ASSERT_EQ(checked.status, 0) << checked.err;
  const auto found = checked.json();
  EXPECT_EQ(found["ok"], true);
  EXPECT_EQ(found["problems"].size(), 0U);
  // The device, its membership, three notes, a change and a deletion.
  EXPECT_EQ(found["sequence"], run("--json status notes").json()["sequence"]);
  EXPECT_EQ(found["tables"].size(), 1U);
  EXPECT_EQ(found["log_digest"].get<std::string>().size(), 16U);
  EXPECT_EQ(run("--json check notes").json(), found);
}

TEST_F(check_program, finds_a_row_that_differs) {
  damage("UPDATE note SET text = 'else' WHERE id = 'a'");
  expect_problem("is not what its row in table \"note\" says");
}

TEST_F(check_program, finds_a_value_that_differs_from_null) {
  damage("UPDATE note SET text = '' WHERE id = 'c'");
  expect_problem("is not what its row in table \"note\" says");
}

TEST_F(check_program, finds_a_row_that_is_gone) {
  damage("DELETE FROM note WHERE id = 'c'");
  expect_problem("has no row in table \"note\"");
}

TEST_F(check_program, finds_a_table_that_is_gone) {
  ASSERT_EQ(run("wait notes").status, 0);
  write("DROP TABLE note");
  expect_problem("The tracked table \"note\" is gone");
  EXPECT_THAT(run("status notes").err + run("status notes").out,
              HasSubstr("untrack"));
  EXPECT_THAT(run("--json status notes").json()["table_problem"],
              HasSubstr("make it again"));
  EXPECT_EQ(run("untrack notes note").status, 0);
  EXPECT_EQ(run("check notes").status, 0);
}

TEST_F(check_program, finds_a_database_that_is_gone) {
  std::filesystem::rename(file(), folder / "elsewhere.sqlite");
  const auto checked = run("--json check notes");
  EXPECT_EQ(checked.status, 1);
  EXPECT_EQ(checked.json()["ok"], false);
  EXPECT_THAT(checked.json()["problems"][0].get<std::string>(),
              HasSubstr("is not there; put it back"));
}

TEST_F(check_program, finds_a_row_that_should_be_gone) {
  damage("INSERT INTO note VALUES('b', 'two', 2)");
  expect_problem("\"note\"");
}

TEST_F(check_program, finds_a_row_that_the_log_does_not_know) {
  damage("INSERT INTO note VALUES('d', 'four', 4)");
  expect_problem("has 1 rows that the log does not know");
}

TEST_F(check_program, finds_an_entry_that_was_changed) {
  damage_log("UPDATE sync_log SET data = replace(data, 'one', 'two')");
  expect_problem("the chain breaks");
}

TEST_F(check_program, finds_an_entry_that_is_missing) {
  damage_log("DELETE FROM sync_log WHERE sequence = 3");
  expect_problem("entries are missing");
}

TEST_F(check_program, finds_a_version_that_does_not_rise) {
  damage_log("UPDATE sync_log SET version = 1 WHERE version > 1");
  expect_problem("does not raise its record's version");
}

TEST_F(check_program, is_refused_a_log_that_ends_too_early) {
  damage_log("DELETE FROM sync_log WHERE sequence = (SELECT max(sequence) FROM"
             " sync_log)");
  expect_refused("check notes", 1, "sync.db ends at entry");
}

TEST_F(check_program, finds_what_is_known_of_a_record_to_be_wrong) {
  damage("UPDATE lockstep_identity SET version = version + 1");
  expect_problem("is not what is known of its record");
}

TEST_F(check_program, leaves_out_what_is_pending) {
  // Nothing has captured this yet, nor will it be in the log before.
  write("INSERT INTO note VALUES('e', 'five', 5)");
  EXPECT_EQ(run("check notes").status, 0);
}

} // namespace
} // namespace lockstep

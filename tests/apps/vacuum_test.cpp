#include "tests/apps/program.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

namespace lockstep {
namespace {

using testing::HasSubstr;

/// A library with one note that was changed nine times.
class vacuum_program : public lockstep_program {
protected:
  vacuum_program() {
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT);"
          "INSERT INTO note VALUES('a', '0'), ('b', 'stays')");
    EXPECT_EQ(run("init").status, 0);
    EXPECT_EQ(
      run("library create notes --database '" + file().string() + "'").status,
      0);
    EXPECT_EQ(run("track notes --all").status, 0);
    for (int i = 1; i < 10; ++i) {
      write("UPDATE note SET text = '" + std::to_string(i)
            + "' WHERE id = 'a'");
      EXPECT_EQ(run("wait notes").status, 0);
    }
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "notes.sqlite";
  }

  void write(const std::string& statements) const {
    SQLite::Database{file().string(),
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10'000}
      .exec(statements);
  }

  std::size_t lines_of(const std::string& command) {
    const auto shown = run("--json " + command);
    EXPECT_EQ(shown.status, 0) << shown.err;
    return static_cast<std::size_t>(
      std::count(shown.out.begin(), shown.out.end(), '\n'));
  }
};

TEST_F(vacuum_program, removes_what_is_old_and_superseded) {
  const auto young = run("--json vacuum notes");
  ASSERT_EQ(young.status, 0) << young.err;
  EXPECT_EQ(young.json()["removed"], 0);
  const auto before = run("--json check notes").json();
  const auto entries = lines_of("log notes");
  const auto done = run("--json vacuum notes --keep 0s");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_GE(done.json()["removed"], 9);
  EXPECT_EQ(done.json()["archived"], 0);
  EXPECT_LE(done.json()["bytes_after"], done.json()["bytes_before"]);
  EXPECT_EQ(lines_of("log notes"),
            entries - done.json()["removed"].get<std::size_t>());
  const auto after = run("--json check notes");
  EXPECT_EQ(after.status, 0) << after.out;
  EXPECT_EQ(after.json()["tables"], before["tables"]);
  EXPECT_EQ(after.json()["log_digest"], before["log_digest"]);
  EXPECT_EQ(lines_of("log notes --archived"), 0U);
  write("UPDATE note SET text = 'on' WHERE id = 'a'");
  EXPECT_EQ(run("wait notes").status, 0);
  EXPECT_EQ(run("check notes").status, 0);
}

TEST_F(vacuum_program, archives_where_that_is_wished) {
  const auto whole = run("--json log notes").out;
  const auto done = run("--json vacuum notes --keep 0s --archive");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.json()["archived"], done.json()["removed"]);
  const auto archived = run("--json log notes --archived");
  ASSERT_EQ(archived.status, 0) << archived.err;
  // Line by line the same as the log showed before.
  std::istringstream lines{archived.out};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_THAT(whole, HasSubstr(line + "\n"));
  EXPECT_EQ(count, done.json()["removed"].get<std::size_t>());
  EXPECT_EQ(lines_of("log notes --archived --limit 2"), 2U);
  EXPECT_THAT(run("log notes --archived --limit 1").out, HasSubstr("note"));
}

TEST_F(vacuum_program, says_what_it_did) {
  EXPECT_THAT(run("vacuum notes --keep 0s --archive").out,
              testing::AllOf(HasSubstr("entries removed from the log of"
                                       " \"notes\""),
                             HasSubstr("archived"), HasSubstr("bytes")));
  expect_refused("vacuum notes --keep soon", 2, "soon");
  expect_refused("vacuum nothing", 3, "nothing");
  expect_refused("log notes --archived --follow", 2);
}

} // namespace
} // namespace lockstep

#include "tests/apps/program.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace lockstep {
namespace {

/// A library whose log holds two rows of one text, of which the table, that has
/// become stricter meanwhile, takes one.
struct set_aside_program : lockstep_program {
  void SetUp() override {
    lockstep_program::SetUp();
    run("init");
    file = run("library create notes --json").json()["database"];
    sql("CREATE TABLE note(uuid TEXT PRIMARY KEY, text TEXT);"
        "INSERT INTO note VALUES"
        " ('0197d9a2-6f00-7000-8000-000000000001', 'milk'),"
        " ('0197d9a2-6f00-7000-8000-000000000002', 'milk')");
    ASSERT_EQ(run("track notes note").status, 0);
    ASSERT_EQ(run("untrack notes note").status, 0);
    sql("DELETE FROM note; CREATE UNIQUE INDEX once ON note(text)");
    ASSERT_EQ(run("track notes note").status, 0);
  }

  void sql(const std::string& text) {
    SQLite::Database database{file, SQLite::OPEN_READWRITE};
    database.exec(text);
  }

  int rows() {
    SQLite::Database database{file};
    return database.execAndGet("SELECT count(*) FROM note").getInt();
  }

  std::string file;
};

TEST_F(set_aside_program, shows_what_does_not_fit_and_why) {
  EXPECT_EQ(rows(), 1);
  EXPECT_THAT(run("status notes").out + run("status notes").err,
              testing::HasSubstr("lockstep set-aside shows them"));
  const auto list = run("set-aside notes --json").json();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["model_type"], "note");
  EXPECT_EQ(list[0]["data"]["text"], "milk");
  EXPECT_THAT(std::string{list[0]["reason"]}, testing::HasSubstr("UNIQUE"));
  EXPECT_THAT(run("set-aside notes").out, testing::HasSubstr("UNIQUE"));
}

TEST_F(set_aside_program, tries_again_when_asked_to) {
  EXPECT_EQ(run("set-aside notes --again --json").json().size(), 1U);
  sql("DROP INDEX once");
  EXPECT_EQ(run("set-aside notes --again --json").json().size(), 0U);
  EXPECT_EQ(rows(), 2);
}

} // namespace
} // namespace lockstep

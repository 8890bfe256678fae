#include "tests/apps/program.hpp"

#include <sys/wait.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

/// The program beside others that know nothing of it.
class program_with_own_database : public lockstep_program {
protected:
  program_with_own_database() {
    sql(file(), schema);
    sql(plain(), schema);
    EXPECT_EQ(run("init").status, 0);
    const auto made
      = run("library create towns --json --database '" + file() + "'");
    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_EQ(made.json()["database"], file());
  }

  std::string file() {
    return (folder / "my file.sqlite").string();
  }
  std::string plain() {
    return (folder / "plain.sqlite").string();
  }

  /// What a shell command prints.
  static std::string shell(const std::string& command) {
    std::string out;
    auto* pipe = popen(command.c_str(), "r");
    char bytes[4096];
    while (const auto size = fread(bytes, 1, sizeof bytes, pipe))
      out.append(bytes, size);
    EXPECT_EQ(pclose(pipe), 0) << command;
    return out;
  }

  static std::string sql(const std::string& at, const std::string& text) {
    return shell("sqlite3 '" + at + "' \"" + text + "\"");
  }

  static std::string dump(const std::string& at) {
    return shell("sqlite3 '" + at
                 + "' .dump 'PRAGMA journal_mode'"
                   " 'SELECT type, name, sql FROM sqlite_schema'");
  }

  /// Done to the library's file and to the plain one alike.
  void both(const std::string& text) {
    sql(file(), text);
    sql(plain(), text);
  }

  static constexpr auto schema
    = "CREATE TABLE street(name, town REFERENCES town(id));"
      "CREATE TABLE town(id INTEGER PRIMARY KEY AUTOINCREMENT, name);"
      "CREATE TABLE setting(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
      "CREATE TABLE entry(day, words);"
      "CREATE VIRTUAL TABLE word USING fts5(text);"
      "INSERT INTO town(name) VALUES('Ulm'); INSERT INTO word VALUES('a')";
};

TEST_F(program_with_own_database, tracks_all_that_can_be) {
  const auto tracked = run("track towns --all --json");
  ASSERT_EQ(tracked.status, 0) << tracked.err;
  std::string text;
  const auto answer = tracked.json();
  for (const auto& one : answer["tracked"])
    text += one["table"].get<std::string>() + " "
            + one["key"].get<std::string>() + " " + one["rows"].dump() + "\n";
  EXPECT_EQ(text, "entry integer 0\nsetting natural 0\ntown integer 1\n"
                  "street integer 0\n");
  ASSERT_EQ(tracked.json()["refused"].size(), 1U) << tracked.out;
  EXPECT_EQ(tracked.json()["refused"][0]["table"], "word");
  EXPECT_THAT(run("track towns --all").out, HasSubstr("not tracked: The table"
                                                      " \"word\""));
  expect_refused("track towns word", 2, "virtual");
  expect_refused("track towns nowhere", 3, "nowhere");
}

TEST_F(program_with_own_database, logs_what_others_wrote_between_two_calls) {
  ASSERT_EQ(run("track towns --all").status, 0);
  for (int i = 0; i < 5; ++i) {
    const auto name = "town " + std::to_string(i);
    both("INSERT INTO town(name) VALUES('" + name + "')");
    EXPECT_THAT(run("log towns").out, HasSubstr(name));
  }
  const auto before = run("status towns --json").json()["sequence"];
  both("DELETE FROM town WHERE id = 1");
  EXPECT_EQ(run("status towns --json").json()["sequence"],
            before.get<int>() + 1);
}

TEST_F(program_with_own_database, leaves_the_file_as_if_it_had_never_been) {
  ASSERT_EQ(run("track towns --all").status, 0);
  both("INSERT INTO town(name) VALUES('Bonn'), ('Rom');"
       "INSERT INTO street VALUES('Hauptstr.', 2); DELETE FROM town WHERE id=3;"
       "ALTER TABLE setting ADD COLUMN unit; INSERT INTO setting VALUES('a', 1,"
       " x'00ff')");
  ASSERT_EQ(run("log towns").status, 0);
  if (std::system("python3 -c 'import sqlite3' 2>/dev/null") == 0)
    for (const auto& at : {file(), plain()})
      shell("python3 -c 'import sqlite3,sys; d=sqlite3.connect(sys.argv[1]);"
            "d.execute(\"UPDATE town SET name=?\",(\"Köln\",)); d.commit()' '"
            + at + "'");
  EXPECT_EQ(run("untrack towns town --json").json()["untracked"],
            nlohmann::json::array({"town"}));
  ASSERT_EQ(run("track towns town").status, 0);
  expect_refused("library delete towns", 2, "--detach");
  const auto gone = run("library delete towns --detach --json");
  ASSERT_EQ(gone.status, 0) << gone.err;
  EXPECT_EQ(gone.json()["database"], file());
  EXPECT_EQ(dump(file()), dump(plain()));
  EXPECT_EQ(run("library list --json").json(), nlohmann::json::array());
  expect_refused("library delete towns --detach", 3, "towns");
}

TEST_F(program_with_own_database, takes_a_path_from_where_it_runs) {
  std::filesystem::create_directory(folder / "here");
  const auto made = shell(
    "cd '" + (folder / "here").string() + "' && '" LOCKSTEP_PROGRAM "' --data '"
    + data().string() + "' library create b --json --database :memory:");
  EXPECT_EQ(nlohmann::json::parse(made)["database"],
            (folder / "here" / ":memory:").string());
  EXPECT_TRUE(std::filesystem::exists(folder / "here" / ":memory:"));
  expect_refused("library create c --database ''", 2, "empty");
}

TEST_F(program_with_own_database, shows_what_cannot_enter_the_log) {
  ASSERT_EQ(run("track towns town").status, 0);
  EXPECT_FALSE(run("status towns --json").json().contains("capture_problem"));
  sql(file(), "INSERT INTO town(name) VALUES(zeroblob(2000))");
  const std::string small = "--set library.entry_bytes_limit=1000 ";
  const auto shown = run(small + "status towns --json");
  EXPECT_TRUE(shown.json().contains("capture_problem")) << shown.out;
  EXPECT_THAT(run(small + "status towns").out,
              HasSubstr("cannot enter the log"));
}

} // namespace
} // namespace lockstep

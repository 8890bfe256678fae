#include "tests/apps/program.hpp"

#include <SQLiteCpp/Database.h>

#include <unistd.h>

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST_F(lockstep_program, makes_the_device_once) {
  const auto first = run("init --name laptop --json");
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.json()["name"], "laptop");
  const auto fingerprint = first.json()["fingerprint"].get<std::string>();
  EXPECT_THAT(fingerprint, MatchesRegex("([0-9a-f]{2}:){31}[0-9a-f]{2}"));
  EXPECT_THAT(run("init").out, HasSubstr(fingerprint));
  const auto second = run("init --name other --json");
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.out, first.out);
}

TEST_F(lockstep_program, says_that_there_is_no_table_to_track) {
  ASSERT_EQ(run("init").status, 0);
  ASSERT_EQ(run("library create photos").status, 0);
  expect_refused("track photos --all", 3, "no tables yet; make them");
}

TEST_F(lockstep_program, tracks_a_table_and_shows_its_log) {
  ASSERT_EQ(run("init").status, 0);
  const auto made = run("library create photos --json").json();
  ASSERT_TRUE(made.is_object());
  SQLite::Database{made["database"].get<std::string>(), SQLite::OPEN_READWRITE}
    .exec("CREATE TABLE picture(uuid TEXT PRIMARY KEY NOT NULL, name TEXT,"
          " thumbnail BLOB);"
          "INSERT INTO picture VALUES"
          " ('0197d9a2-6f00-7000-8000-000000000001', 'a', x'01'),"
          " ('0197d9a2-6f00-7000-8000-000000000002', 'b', x'02')");
  const auto tracked
    = run("track photos picture --exclude picture.thumbnail --json");
  ASSERT_EQ(tracked.status, 0) << tracked.err;
  EXPECT_EQ(tracked.json()["tracked"][0]["rows"], 2);

  const auto history = run("history photos picture"
                           " 0197d9a2-6f00-7000-8000-000000000001 --json");
  ASSERT_EQ(history.status, 0) << history.err;
  EXPECT_EQ(history.json()["change_type"], "insert");
  EXPECT_EQ(history.json()["data"]["name"], "a");
  EXPECT_FALSE(history.json()["data"].contains("thumbnail"));

  const auto id = made["library"].get<std::string>();
  const auto status = run("status " + id.substr(0, 13) + " --json");
  ASSERT_EQ(status.status, 0) << status.err;
  EXPECT_EQ(status.json()["role"], "leader");
  EXPECT_EQ(status.json()["sequence"], status.json()["applied"]);
  const auto log = run("log photos --since 1 --limit 1 --json");
  EXPECT_EQ(log.json()["sequence"], 2) << log.out;
  EXPECT_EQ(run("conflicts photos --json").json(), nlohmann::json::array());
  EXPECT_EQ(run("library list --json").json().size(), 1u);
}

TEST_F(lockstep_program, says_what_is_wrong_in_one_sentence) {
  expect_refused("status", 3);
  ASSERT_EQ(run("init").status, 0);
  expect_refused("status nothing", 3);
  expect_refused("leader nothing", 3);
  expect_refused("", 2);
  expect_refused("nonsense", 2);
  expect_refused("library nonsense", 2);
  expect_refused("status --nonsense", 2);
  expect_refused("log photos --since -1", 2, "0 or more");
  expect_refused("log photos --limit -1", 2, "0 or more");
  expect_refused("--set nonsense=1 status", 2);
  expect_refused("--set leadership.heartbeat=5h status", 2);
  expect_refused("--log-level nonsense status", 2);
  expect_refused("library create ''", 2);
  expect_refused("demo /no/such/folder", 3);
  expect_refused("demo ''", 2, "empty");
}

TEST_F(lockstep_program, refuses_an_empty_data_directory) {
  for (const std::string arguments : {"--data '' status", "status --data ''"})
    expect_refusal(run_with(arguments), arguments, 2, "--data");
}

TEST_F(lockstep_program, says_that_a_data_directory_cannot_be_read) {
  std::filesystem::create_symlink(data(), data());
  expect_refused("status", 1, "cannot be read");
}

TEST_F(lockstep_program, says_that_a_data_directory_is_no_folder) {
  std::ofstream{data()} << "hello";
  expect_refused("status", 1, "is no folder");
  expect_refused("init", 1, "is no folder");
}

TEST_F(lockstep_program, refuses_settings_that_are_a_folder) {
  ASSERT_EQ(run("init").status, 0);
  std::filesystem::create_directory(data() / "lockstep.ini");
  expect_refused("status", 1, "is a folder");
}

TEST_F(lockstep_program, refuses_a_library_of_a_name_that_is_taken) {
  ASSERT_EQ(run("init").status, 0);
  ASSERT_EQ(run("library create photos").status, 0);
  expect_refused("library create photos", 1, "photos");
  EXPECT_EQ(run("library list --json").json().size(), 1u);
}

TEST_F(lockstep_program, shows_a_damaged_library_and_its_reason) {
  ASSERT_EQ(run("init").status, 0);
  ASSERT_EQ(run("library create music").status, 0);
  const auto id = run("library create photos --json").json()["library"];
  const auto text = id.get<std::string>();
  const auto description = data() / "libraries" / text / "library.json";
  std::ofstream{description} << "{";

  const auto list = run("library list --json");
  EXPECT_EQ(list.status, 0);
  ASSERT_EQ(list.json().size(), 2u) << list.out;
  EXPECT_EQ(list.json()[0]["name"], "music");
  EXPECT_EQ(list.json()[1]["library"], id);
  EXPECT_EQ(list.json()[1]["state"], "failed");
  EXPECT_THAT(list.json()[1]["reason"], HasSubstr("damaged"));
  EXPECT_THAT(run("library list").out,
              MatchesRegex("(.|\n)*" + text + " +failed: .+(.|\n)*"));

  expect_refused("status " + text, 1, "damaged");
  expect_refused("status " + text + " --json", 1, "damaged");
  expect_refused("log " + text, 1, "damaged");
  std::filesystem::remove(description);
  expect_refused("status " + text, 1, "no library.json");
  EXPECT_EQ(run("status music").status, 0);
}

TEST_F(lockstep_program, fails_when_its_output_cannot_be_written) {
  if (access("/dev/full", W_OK) != 0)
    GTEST_SKIP() << "there is no /dev/full";
  ASSERT_EQ(run("init").status, 0);
  ASSERT_EQ(run("library create photos").status, 0);
  for (const std::string arguments :
       {"init", "status", "library list --json", "--help", "--version"})
    expect_refused(arguments + " >/dev/full", 1, "output");
  expect_refused("status >&-", 1, "output");
}

TEST_F(lockstep_program, writes_into_no_file_in_place_of_a_closed_output) {
  ASSERT_EQ(run("init").status, 0);
  run("status >&-");
  std::ifstream lock{data() / "lock"};
  const std::string held{std::istreambuf_iterator<char>{lock}, {}};
  EXPECT_THAT(held, MatchesRegex("[0-9]+\n"));
}

TEST_F(lockstep_program, has_an_example_in_the_help_of_each_command) {
  for (const std::string command :
       {"init",      "library create", "library list", "library delete",
        "track",     "untrack",        "serve",        "invite",
        "join",      "members",        "remove",       "status",
        "log",       "history",        "conflicts",    "resolve",
        "set-aside", "leader",         "wait",         "check",
        "backup",    "demo",           "man",          "completion"}) {
    const auto help = run(command + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("Example: lockstep " + command));
  }
}

TEST_F(lockstep_program, has_a_manual_page_of_all_commands) {
  const auto page = run("man");
  ASSERT_EQ(page.status, 0);
  EXPECT_THAT(page.out, testing::StartsWith(".TH LOCKSTEP 1"));
  for (const auto* said :
       {"library create", "\\-\\-database", "resolve", "Example: lockstep join",
        "EXIT STATUS", "lockstep.ini"})
    EXPECT_THAT(page.out, HasSubstr(said));
  EXPECT_THAT(page.out, testing::Not(HasSubstr(".B index")));
  EXPECT_THAT(page.out, testing::Not(HasSubstr("TEXT:")));
}

TEST_F(lockstep_program, completes_commands_and_options_in_bash) {
  std::ofstream{folder / "completion"} << run("completion bash").out;
  const auto complete = [&](const std::string& words) {
    const auto command = "bash -c '. " + (folder / "completion").string()
                         + "; COMP_WORDS=(lockstep " + words
                         + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1));"
                           " _lockstep; echo ${COMPREPLY[*]}'";
    std::string out;
    auto* pipe = popen(command.c_str(), "r");
    char bytes[4096];
    while (const auto size = fread(bytes, 1, sizeof bytes, pipe))
      out.append(bytes, size);
    EXPECT_EQ(pclose(pipe), 0);
    return out;
  };
  EXPECT_EQ(complete("inv"), "invite\n");
  EXPECT_EQ(complete("library cr"), "create\n");
  EXPECT_EQ(complete("library create x --da"), "--database --data\n");
  EXPECT_EQ(complete("log photos --f"), "--follow\n");
  EXPECT_EQ(run("completion tcsh").status, 2);
  EXPECT_THAT(run("completion fish").out,
              HasSubstr("complete -c lockstep -n __fish_use_subcommand -a"
                        " invite"));
  EXPECT_THAT(run("completion zsh").out, testing::StartsWith("#compdef"));
}

} // namespace
} // namespace lockstep

#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/wait.h>

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

/// How a run of the program ended, and what it said.
struct ended {
  int status = -1;
  std::string out;
  std::string err;

  [[nodiscard]] nlohmann::json json() const {
    return nlohmann::json::parse(out, nullptr, false);
  }
};

/// The program as people and scripts start it.
class lockstep_program : public testing::Test {
protected:
  ended run(const std::string& arguments) {
    const auto complaints = (folder / "err").string();
    const auto command = "'" LOCKSTEP_PROGRAM "' --data '"
                         + (folder / "data").string() + "' " + arguments
                         + " 2>'" + complaints + "'";
    ended result;
    auto* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr)
      throw std::runtime_error{"popen"};
    char bytes[4096];
    while (const auto size = fread(bytes, 1, sizeof bytes, pipe))
      result.out.append(bytes, size);
    const auto status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    std::ifstream stream{complaints, std::ios::binary};
    result.err.assign(std::istreambuf_iterator<char>{stream}, {});
    return result;
  }

  /// Ends with `status`, one sentence on standard error and nothing else.
  void expect_refused(const std::string& arguments, int status) {
    const auto result = run(arguments);
    EXPECT_EQ(result.status, status) << arguments << ": " << result.err;
    EXPECT_THAT(result.err, MatchesRegex("lockstep: [^\n]+\\.\n"));
    EXPECT_EQ(result.out, "") << arguments;
  }

  temporary_directory folder;
};

TEST_F(lockstep_program, makes_the_device_once) {
  const auto first = run("init --name laptop --json");
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.json()["name"], "laptop");
  const auto second = run("init --name other --json");
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.out, first.out);
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
  expect_refused("log photos --since -1", 2);
  expect_refused("--set nonsense=1 status", 2);
  expect_refused("--set leadership.heartbeat=5h status", 2);
  expect_refused("--log-level nonsense status", 2);
  expect_refused("library create ''", 2);
  expect_refused("demo /no/such/folder", 3);
}

TEST_F(lockstep_program, has_an_example_in_the_help_of_each_command) {
  for (const std::string command :
       {"init", "library create", "library list", "track", "status", "log",
        "history", "conflicts", "leader", "demo"}) {
    const auto help = run(command + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr("Example: lockstep " + command));
  }
}

} // namespace
} // namespace lockstep

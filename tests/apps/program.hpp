#pragma once

#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <sys/wait.h>

namespace lockstep {

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
  /// Runs it on the test's data directory.
  ended run(const std::string& arguments) {
    return run_with("--data '" + data().string() + "' " + arguments);
  }

  /// Runs it with nothing but these arguments, as the shell takes them.
  ended run_with(const std::string& arguments) {
    const auto complaints = (folder / "err").string();
    const auto command
      = "'" LOCKSTEP_PROGRAM "' " + arguments + " 2>'" + complaints + "'";
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

  /// Ends with `status`, one sentence on standard error that says `what`, and
  /// nothing else.
  void expect_refused(const std::string& arguments, int status,
                      const std::string& what = "") {
    expect_refusal(run(arguments), arguments, status, what);
  }

  static void expect_refusal(const ended& result, const std::string& arguments,
                             int status, const std::string& what = "") {
    EXPECT_EQ(result.status, status) << arguments << ": " << result.err;
    EXPECT_THAT(result.err, testing::MatchesRegex("lockstep: [^\n]+\\.\n"))
      << arguments;
    EXPECT_THAT(result.err, testing::HasSubstr(what)) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
  }

  [[nodiscard]] std::filesystem::path data() const {
    return folder / "data";
  }

  temporary_directory folder;
};

} // namespace lockstep

#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep {
namespace {

/// The demo as people start it, with a temporary directory of the test's.
class demo_program : public testing::Test {
protected:
  demo_program() {
    std::filesystem::create_directory(temporary());
    std::filesystem::create_directory(folder / "files");
    std::ofstream{folder / "files" / "a.txt"} << "a";
  }

  ~demo_program() override {
    if (output_ >= 0)
      close(output_);
  }

  void start() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      throw std::runtime_error{"pipe"};
    demo_ = fork();
    if (demo_ == 0) {
      std::signal(SIGPIPE, SIG_DFL);
      dup2(ends[1], STDOUT_FILENO);
      const auto complaints = (folder / "err").string();
      dup2(open(complaints.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
      setenv("TMPDIR", temporary().c_str(), 1);
      const auto files = (folder / "files").string();
      execl(LOCKSTEP_PROGRAM, "lockstep", "demo", files.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }

  /// Waits for what it says first: three devices are there by then.
  void wait_for_a_step() const {
    char first = 0;
    if (read(output_, &first, 1) != 1)
      throw std::runtime_error{"the demo says nothing"};
  }

  void send(int signal) const {
    ::kill(demo_, signal);
  }

  void close_output() {
    close(output_);
    output_ = -1;
  }

  /// What waitpid says.
  [[nodiscard]] int wait() const {
    int status = 0;
    waitpid(demo_, &status, 0);
    return status;
  }

  [[nodiscard]] std::string complaints() const {
    std::ifstream stream{folder / "err", std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  [[nodiscard]] bool left_something() const {
    return !std::filesystem::is_empty(temporary());
  }

  [[nodiscard]] std::filesystem::path temporary() const {
    return folder / "tmp";
  }

  temporary_directory folder;

private:
  pid_t demo_ = -1;
  int output_ = -1;
};

TEST_F(demo_program, slow_leaves_nothing_when_it_is_interrupted) {
  for (const auto signal : {SIGINT, SIGTERM, SIGHUP}) {
    start();
    wait_for_a_step();
    EXPECT_TRUE(left_something());
    send(signal);
    const auto status = wait();
    ASSERT_TRUE(WIFEXITED(status)) << "signal " << signal;
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
    EXPECT_FALSE(left_something()) << "signal " << signal;
    EXPECT_EQ(complaints(), "");
    close_output();
  }
}

TEST_F(demo_program, slow_leaves_nothing_when_it_is_interrupted_at_once) {
  for (int delay = 0; delay < 40; delay += 4) {
    start();
    usleep(static_cast<useconds_t>(delay) * 1'000);
    send(SIGTERM);
    static_cast<void>(wait());
    EXPECT_FALSE(left_something()) << delay << " ms";
    close_output();
  }
}

TEST_F(demo_program, slow_leaves_nothing_when_nobody_reads_its_output) {
  start();
  wait_for_a_step();
  close_output();
  const auto status = wait();
  EXPECT_NE(status, 0);
  EXPECT_FALSE(left_something());
  EXPECT_EQ(complaints(), "");
}

TEST_F(demo_program, slow_leaves_nothing_when_it_has_ended) {
  start();
  wait_for_a_step();
  EXPECT_EQ(wait(), 0) << complaints();
  EXPECT_FALSE(left_something());
}

} // namespace
} // namespace lockstep

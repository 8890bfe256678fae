#include "apps/cli/passing_folder.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep::cli {

namespace {

constexpr int ended_by_signal = 128;

/// Holds back what would end this process, and the news of a child.
class held_signals {
public:
  held_signals() {
    std::signal(SIGCHLD, SIG_DFL);
    sigemptyset(&held_);
    sigaddset(&held_, SIGCHLD);
    for (const auto one : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      struct sigaction now {};
      // What is ignored (as by nohup) stays so.
      if (sigaction(one, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
        sigaddset(&held_, one);
    }
    sigprocmask(SIG_BLOCK, &held_, &before_);
  }

  void release() const {
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// The next one.
  [[nodiscard]] int wait() const {
    int next = 0;
    while (sigwait(&held_, &next) != 0) {}
    return next;
  }

private:
  sigset_t held_{};
  sigset_t before_{};
};

expected<std::filesystem::path> make_folder() {
  std::error_code error;
  auto pattern
    = (std::filesystem::temp_directory_path(error) / "lockstep-demo-XXXXXX")
        .string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    return fail(errc::io, "No temporary folder can be made ("
                            + (error ? error.message() : std::strerror(errno))
                            + "); set TMPDIR to a folder that can be written.");
  return std::filesystem::path{pattern};
}

/// Waits for what the child started and left: that is this one's since then,
/// and ends with the child.
void wait_for_orphans() {
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {}
}

/// The exit status of the child, or of the signal that ends this process first.
int wait_for_end(pid_t child, const held_signals& signals) {
  int ended = 0;
  for (;;) {
    const auto next = signals.wait();
    if (next != SIGCHLD) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &ended, 0);
      return ended_by_signal + next;
    }
    if (::waitpid(child, &ended, WNOHANG) == child)
      return WIFEXITED(ended) ? WEXITSTATUS(ended)
                              : ended_by_signal + WTERMSIG(ended);
  }
}

} // namespace

expected<std::filesystem::path> enter_passing_folder(bool keep) {
  const held_signals signals;
  auto folder = make_folder();
  if (!folder) {
    signals.release();
    return folder;
  }
  std::fflush(nullptr);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto child = ::fork();
  if (child == 0) {
    signals.release();
    return folder;
  }
  auto clean_up = [&] {
    std::error_code ignored;
    if (!keep)
      std::filesystem::remove_all(*folder, ignored);
  };
  if (child < 0) {
    const auto error = errno;
    clean_up();
    signals.release();
    return fail(errc::io, std::string{"No process can be started ("}
                            + std::strerror(error) + "); try again later.");
  }
  const auto status = wait_for_end(child, signals);
  wait_for_orphans();
  clean_up();
  std::_Exit(status);
}

} // namespace lockstep::cli

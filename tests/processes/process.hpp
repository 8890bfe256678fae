#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep {

/// A running program whose output is read line by line, and which can be told
/// lines. Killed at the end.
class process {
public:
  /// What it says on standard error is added to `complaints`.
  process(std::vector<std::string> arguments,
          const std::filesystem::path& complaints) {
    int pipe[2];
    int told[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0 || ::pipe2(told, O_CLOEXEC) != 0)
      throw std::runtime_error{"pipe"};
    id_ = ::fork();
    if (id_ == 0) {
      ::dup2(told[0], STDIN_FILENO);
      ::dup2(pipe[1], STDOUT_FILENO);
      const int log = ::open(complaints.c_str(),
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
      ::dup2(log, STDERR_FILENO);
      std::vector<char*> pointers;
      for (auto& one : arguments)
        pointers.push_back(one.data());
      pointers.push_back(nullptr);
      ::execv(pointers.front(), pointers.data());
      ::_exit(127);
    }
    ::close(pipe[1]);
    ::close(told[0]);
    out_ = pipe[0];
    in_ = told[1];
  }

  process(const process&) = delete;
  process& operator=(const process&) = delete;

  ~process() {
    end(SIGKILL);
    ::close(out_);
    ::close(in_);
  }

  [[nodiscard]] pid_t id() const {
    return id_;
  }

  /// Gives it a line on standard input.
  void tell(std::string line) {
    line += '\n';
    if (::write(in_, line.data(), line.size())
        != static_cast<ssize_t>(line.size()))
      throw std::runtime_error{"write"};
  }

  /// What it says next on standard output; empty when it says nothing more.
  std::string next_line() {
    for (;;) {
      if (const auto end = said_.find('\n'); end != std::string::npos) {
        auto line = said_.substr(0, end);
        said_.erase(0, end + 1);
        return line;
      }
      pollfd waited{out_, POLLIN, 0};
      char bytes[512];
      if (::poll(&waited, 1, 60'000) <= 0)
        return {};
      const auto size = ::read(out_, bytes, sizeof bytes);
      if (size <= 0)
        return {};
      said_.append(bytes, static_cast<std::size_t>(size));
    }
  }

  /// Sends a signal and waits for the end: the status, -1 where a signal ended
  /// it.
  int end(int signal) {
    if (id_ <= 0)
      return -1;
    ::kill(id_, signal);
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  pid_t id_ = -1;
  int out_ = -1;
  int in_ = -1;
  std::string said_;
};

} // namespace lockstep

#include "tests/crash/killed_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep {

namespace {

using steady = std::chrono::steady_clock;

/// A child that is not ready by then is killed all the same.
constexpr std::chrono::seconds ready_patience{20};

class child {
public:
  explicit child(const std::vector<std::string>& arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      return;
    out_ = ends[0];
    std::vector<std::string> words{LOCKSTEP_CRASH_CHILD};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words)
      pointers.push_back(word.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (posix_spawn(&process_, LOCKSTEP_CRASH_CHILD, &actions, nullptr,
                    pointers.data(), environ)
        != 0)
      process_ = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }

  child(const child&) = delete;
  child& operator=(const child&) = delete;

  ~child() {
    close(out_);
  }

  /// Reads what the child says until `end`; false once it says no more.
  bool listen_until(steady::time_point end, last_words& heard) {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        end - steady::now());
      if (left.count() <= 0)
        return true;
      const timespec patience{left.count() / 1'000'000'000,
                              left.count() % 1'000'000'000};
      pollfd what{out_, POLLIN, 0};
      if (ppoll(&what, 1, &patience, nullptr) > 0 && !read_some(heard))
        return false;
      if (heard.ready && wake_when_ready_)
        return true;
    }
  }

  bool listen_until_ready(last_words& heard) {
    wake_when_ready_ = true;
    const bool talks = listen_until(steady::now() + ready_patience, heard);
    wake_when_ready_ = false;
    return talks;
  }

  /// Ends it and reads the rest.
  void kill(last_words& heard) {
    if (process_ == 0) {
      heard.stopped = "The child could not be started.";
      return;
    }
    ::kill(process_, SIGKILL);
    while (read_some(heard)) {}
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
    if ((!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        && heard.stopped.empty())
      heard.stopped
        = "The child ended with status " + std::to_string(status) + ".";
  }

private:
  bool read_some(last_words& heard) {
    char buffer[65'536];
    const auto size = read(out_, buffer, sizeof buffer);
    if (size <= 0)
      return size < 0 && errno == EINTR;
    rest_.append(buffer, static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos;
         begin = end + 1, end = rest_.find('\n', begin))
      take(std::string_view{rest_}.substr(begin, end - begin), heard);
    rest_.erase(0, begin);
    return true;
  }

  static void take(std::string_view line, last_words& heard) {
    if (line == ready_line)
      heard.ready = true;
    else if (line == indexed_line)
      ++heard.indexed;
    else if (auto what = parse_acknowledged(line))
      heard.acknowledged.push_back(*what);
    else
      heard.stopped = line;
  }

  pid_t process_ = 0;
  int out_ = -1;
  bool wake_when_ready_ = false;
  std::string rest_;
};

} // namespace

kill_moment kill_moment::any(std::mt19937_64& random,
                             std::chrono::microseconds most) {
  const auto after = static_cast<std::chrono::microseconds::rep>(
    random() % static_cast<std::uint64_t>(most.count()));
  return {random() % 2 == 0, std::chrono::microseconds{after}};
}

last_words run_and_kill(const std::vector<std::string>& arguments,
                        const kill_moment& when) {
  last_words heard;
  child process{arguments};
  if (!when.once_ready || process.listen_until_ready(heard))
    process.listen_until(steady::now() + when.after, heard);
  process.kill(heard);
  return heard;
}

} // namespace lockstep

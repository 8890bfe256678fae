#include "apps/cli/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep::cli {

namespace {

constexpr int signal_status = 128;
constexpr int not_started = 127;

failure no_process() {
  return {errc::io, std::string{"No process can be started ("}
                      + std::strerror(errno) + "); try again later."};
}

/// Becomes the program, with its output in the pipe.
[[noreturn]] void become(const std::vector<char*>& arguments, int output,
                         const char* complaints, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before that.
  if (::getppid() != parent)
    ::_exit(not_started);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  if (*complaints != '\0')
    ::dup2(::open(complaints, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
           STDERR_FILENO);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(not_started);
}

} // namespace

child_process::child_process(pid_t id, int output) : id_(id), output_(output) {
}

child_process::child_process(child_process&& other) noexcept
  : id_(std::exchange(other.id_, -1)),
    output_(std::exchange(other.output_, -1)), said_(std::move(other.said_)) {
}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(output_, other.output_);
  std::swap(said_, other.said_);
  return *this;
}

child_process::~child_process() {
  end(SIGKILL);
  if (output_ >= 0)
    ::close(output_);
}

expected<child_process>
child_process::start(std::vector<std::string> arguments,
                     const std::filesystem::path& complaints) {
  arguments.insert(arguments.begin(), "lockstep");
  std::vector<char*> pointers;
  for (auto& one : arguments)
    pointers.push_back(one.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return tl::make_unexpected(no_process());
  const auto self = ::getpid();
  const auto id = ::fork();
  if (id == 0)
    become(pointers, ends[1], complaints.c_str(), self);
  const auto problem = no_process();
  ::close(ends[1]);
  if (id < 0) {
    ::close(ends[0]);
    return tl::make_unexpected(problem);
  }
  return child_process{id, ends[0]};
}

std::string child_process::next_line() {
  for (;;) {
    if (const auto end = said_.find('\n'); end != std::string::npos) {
      auto line = said_.substr(0, end);
      said_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4'096> bytes{};
    const auto size = ::read(output_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return std::exchange(said_, {});
    said_.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

int child_process::end(int signal) {
  if (id_ > 0)
    ::kill(id_, signal);
  return wait();
}

int child_process::wait() {
  if (id_ <= 0)
    return 0;
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {}
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status)
                           : signal_status + WTERMSIG(status);
}

} // namespace lockstep::cli

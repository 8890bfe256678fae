#include "persistence/file_notifier.hpp"

#include "persistence/atomic_file.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace lockstep {

namespace {

using std::chrono::milliseconds;

/// Between two looks at events of other files in the folder.
constexpr milliseconds breath{5};

constexpr std::uint32_t wanted = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE
                                 | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                                 | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::uint32_t folder_is_gone
  = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

std::filesystem::path resolved(const std::filesystem::path& file) {
  std::error_code failed;
  auto found = std::filesystem::weakly_canonical(file, failed);
  return failed ? file : found;
}

int as_timeout(milliseconds time) {
  return static_cast<int>(std::max(time, milliseconds::zero()).count());
}

} // namespace

wait_end::wait_end(std::shared_ptr<const file_descriptor> flag)
  : flag_(std::move(flag)) {
}

wait_end::~wait_end() {
  if (flag_)
    static_cast<void>(::eventfd_write(flag_->number(), 1));
}

// SQLite follows links, and keeps its files beside what they lead to.
file_notifier::file_notifier(const std::filesystem::path& file)
  : file_(resolved(file)), name_(file_.filename().string()),
    end_(std::make_shared<const file_descriptor>(
      ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
}

wait_end file_notifier::make_end() const {
  return wait_end{end_};
}

file_notifier::woken file_notifier::wait(milliseconds most) {
  using clock = std::chrono::steady_clock;
  const auto until = clock::now() + most;
  if (!watches() && watch_folder())
    return woken::written;
  for (;;) {
    std::array<pollfd, 2> heard{
      {{end_->number(), POLLIN, 0}, {folder_.number(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<milliseconds>(until - clock::now());
    const int count = ::poll(heard.data(), heard.size(), as_timeout(left));
    if (count > 0 && heard[0].revents != 0)
      return woken::ended;
    if (count > 0 && take_events())
      return woken::written;
    if (clock::now() >= until)
      return woken::quiet;
    if (count > 0 && pause(breath))
      return woken::ended;
  }
}

bool file_notifier::pause(milliseconds time) const {
  pollfd end{end_->number(), POLLIN, 0};
  return ::poll(&end, 1, as_timeout(time)) > 0;
}

bool file_notifier::watch_folder() {
  file_descriptor made{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  if (!made.is_open()
      || ::inotify_add_watch(made.number(), folder_of(file_).c_str(),
                             wanted | IN_ONLYDIR)
           < 0)
    return false;
  folder_ = std::move(made);
  return true;
}

bool file_notifier::take_events() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  const auto size = ::read(folder_.number(), buffer.data(), buffer.size());
  bool ours = false;
  for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
    inotify_event what;
    std::memcpy(&what, buffer.data() + at, sizeof what);
    const std::string_view name{what.len != 0 ? buffer.data() + at + sizeof what
                                              : ""};
    at += sizeof what + what.len;
    if ((what.mask & folder_is_gone) != 0)
      folder_ = file_descriptor{};
    ours = ours || (what.mask & (folder_is_gone | IN_Q_OVERFLOW)) != 0
           || name == name_ || name == name_ + "-wal"
           || name == name_ + "-journal";
  }
  return ours;
}

} // namespace lockstep

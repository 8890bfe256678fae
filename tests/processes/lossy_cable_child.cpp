// A cable between two network namespaces that is as bad as it is told to be:
// lossy_cable_child SPACE INTERFACE SPACE INTERFACE DELAY JITTER LOSS SEED
// The delay and its jitter are milliseconds, the loss is of a thousand frames.
//
// Each end is a TAP device of that name. The cable says "ready" once both are
// there, or "not permitted: WHY". SIGUSR1 makes it carry nothing, SIGUSR2 carry
// again. At SIGTERM it says what became of the frames, and ends.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

/// Frames under way at most; more are lost, as in a switch.
constexpr std::size_t under_way_most = 4'096;
constexpr std::size_t frame_most = 2'048;

/// This machine does not let us: no fault of the cable's.
struct not_permitted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void give_up(const std::string& what) {
  const int error = errno;
  const auto why = what + ": " + std::strerror(error);
  for (const int one : {EPERM, EACCES, ENOENT, ENODEV, ENXIO, ENOSYS})
    if (error == one)
      throw not_permitted{why};
  throw std::runtime_error{why};
}

/// The process is in that namespace afterwards.
int open_end(const std::string& space, const std::string& name) {
  const auto file = "/run/netns/" + space;
  const int entered = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (entered < 0)
    throw std::runtime_error{file + ": " + std::strerror(errno)};
  if (::setns(entered, CLONE_NEWNET) != 0)
    give_up("setns");
  ::close(entered);
  const int end = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (end < 0)
    give_up("/dev/net/tun");
  ifreq wanted{};
  wanted.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(wanted.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(end, TUNSETIFF, &wanted) != 0)
    give_up("a TAP device");
  return end;
}

struct quality {
  std::chrono::milliseconds delay{};
  std::chrono::milliseconds jitter{};
  unsigned lost_of_thousand = 0;
};

class cable {
public:
  cable(std::array<int, 2> ends, const quality& how, std::uint64_t seed)
    : ends_{ends}, how_{how}, random_{seed} {
  }

  /// Until SIGTERM, which `signals` tells of.
  void run(int signals) {
    for (;;) {
      std::array<pollfd, 3> waited{
        {{ends_[0], POLLIN, 0}, {ends_[1], POLLIN, 0}, {signals, POLLIN, 0}}};
      const auto patience = until_next();
      if (::ppoll(waited.data(), waited.size(), patience ? &*patience : nullptr,
                  nullptr)
            < 0
          && errno != EINTR)
        throw std::runtime_error{"poll"};
      for (std::size_t from = 0; from < ends_.size(); ++from)
        if (waited[from].revents != 0)
          take(from);
      if (waited[2].revents != 0 && !obey(signals))
        return;
      deliver();
    }
  }

  void report() const {
    std::printf("carried %zu lost %zu overtaken %zu swallowed %zu\n", carried_,
                lost_, overtaken_, swallowed_);
  }

private:
  struct frame {
    std::size_t to = 0;
    std::uint64_t number = 0;
    std::vector<char> content;
  };

  [[nodiscard]] std::optional<timespec> until_next() const {
    if (under_way_.empty())
      return std::nullopt;
    const auto left
      = std::max(under_way_.begin()->first - steady::now(), steady::duration{});
    const auto whole = std::chrono::floor<std::chrono::seconds>(left);
    return timespec{whole.count(),
                    std::chrono::nanoseconds{left - whole}.count()};
  }

  void take(std::size_t from) {
    std::array<char, frame_most> content{};
    for (;;) {
      const auto size = ::read(ends_[from], content.data(), content.size());
      if (size <= 0)
        return;
      if (is_silent_) {
        ++swallowed_;
        continue;
      }
      const bool is_lost = random_() % 1'000 < how_.lost_of_thousand;
      if (is_lost || under_way_.size() >= under_way_most) {
        ++lost_;
        continue;
      }
      under_way_.emplace(steady::now() + any_delay(),
                         frame{1 - from,
                               ++last_number_,
                               {content.begin(), content.begin() + size}});
    }
  }

  std::chrono::microseconds any_delay() {
    const auto least = std::chrono::microseconds{how_.delay} - how_.jitter;
    const auto span = std::chrono::microseconds{how_.jitter} * 2;
    return least
           + std::chrono::microseconds{
             random_() % (static_cast<std::uint64_t>(span.count()) + 1)};
  }

  void deliver() {
    while (!under_way_.empty() && under_way_.begin()->first <= steady::now()) {
      const auto& next = under_way_.begin()->second;
      // An interface that is down takes nothing.
      if (::write(ends_[next.to], next.content.data(), next.content.size()) < 0)
        ++swallowed_;
      else
        ++carried_;
      auto& newest = newest_[next.to];
      if (next.number < newest)
        ++overtaken_;
      newest = std::max(newest, next.number);
      under_way_.erase(under_way_.begin());
    }
  }

  /// Whether to go on.
  bool obey(int signals) {
    signalfd_siginfo got{};
    if (::read(signals, &got, sizeof got) != sizeof got)
      return true;
    is_silent_ = got.ssi_signo == SIGUSR1;
    if (is_silent_) {
      swallowed_ += under_way_.size();
      under_way_.clear();
    }
    return got.ssi_signo != SIGTERM;
  }

  std::array<int, 2> ends_;
  quality how_;
  std::mt19937_64 random_;
  std::multimap<steady::time_point, frame> under_way_;
  std::uint64_t last_number_ = 0;
  /// The highest number that arrived at each end.
  std::array<std::uint64_t, 2> newest_{};
  bool is_silent_ = false;
  std::size_t carried_ = 0;
  std::size_t lost_ = 0;
  std::size_t overtaken_ = 0;
  std::size_t swallowed_ = 0;
};

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto* last = text.data() + text.size();
  if (std::from_chars(text.data(), last, number).ptr != last || text.empty())
    throw std::runtime_error{text + " is no number"};
  return number;
}

int signals_as_file() {
  sigset_t all;
  sigemptyset(&all);
  for (const int one : {SIGTERM, SIGUSR1, SIGUSR2})
    sigaddset(&all, one);
  if (::sigprocmask(SIG_BLOCK, &all, nullptr) != 0)
    throw std::runtime_error{"sigprocmask"};
  return ::signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
}

void run(const std::vector<std::string>& given) {
  if (given.size() != 8)
    throw std::runtime_error{"give two ends, delay, jitter, loss and seed"};
  const int signals = signals_as_file();
  const std::array<int, 2> ends{open_end(given[0], given[1]),
                                open_end(given[2], given[3])};
  const quality how{std::chrono::milliseconds{number_of(given[4])},
                    std::chrono::milliseconds{number_of(given[5])},
                    static_cast<unsigned>(number_of(given[6]))};
  cable made{ends, how, number_of(given[7])};
  std::puts("ready");
  std::fflush(stdout);
  made.run(signals);
  made.report();
}

} // namespace
} // namespace lockstep

int main(int count, char** arguments) {
  try {
    lockstep::run({arguments + 1, arguments + count});
    return 0;
  } catch (const lockstep::not_permitted& why) {
    std::printf("not permitted: %s\n", why.what());
  } catch (const std::exception& why) {
    std::printf("failed: %s\n", why.what());
  }
  return 1;
}

#include "bench/follower_process.hpp"

#include "bench/open_library.hpp"
#include "bench/process_use.hpp"

#include <cstdio>
#include <deque>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace lockstep::bench {

namespace {

constexpr std::array<const char*, 3> manners{"telling", "resting", "weighed"};

/// One line in one write, as several threads speak.
void tell(std::string line) {
  line += '\n';
  std::ignore = ::write(STDOUT_FILENO, line.data(), line.size());
}

void tell_applied(std::size_t which, sequence_number through) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  tell("applied " + std::to_string(which) + ' ' + to_string(through) + ' '
       + std::to_string(now.count()));
}

/// What events leave out where they come too fast, and memory.
class teller {
public:
  explicit teller(bool weighs) {
    if (weighs)
      weight_.emplace();
  }

  void add(const library& one) {
    const std::lock_guard lock{mutex_};
    libraries_.push_back(one);
  }

private:
  void run(const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      const std::lock_guard lock{mutex_};
      if (weight_) {
        const auto most = weight_->take_most();
        tell("memory " + std::to_string(most.resident) + ' '
             + std::to_string(most.page_caches));
      }
      for (std::size_t i = 0; i < libraries_.size(); ++i)
        tell_applied(i, must(libraries_[i].status().get()).applied);
    }
  }

  std::mutex mutex_;
  std::vector<library> libraries_;
  std::optional<memory_watch> weight_;
  std::jthread thread_{[this](const std::stop_token& ended) {
    run(ended);
  }};
};

} // namespace

follower_process::follower_process(const std::filesystem::path& folder,
                                   manner how)
  : child_(std::make_unique<process>(
    std::vector<std::string>{"/proc/self/exe", follow_argument, folder.string(),
                             manners.at(static_cast<std::size_t>(how))},
    "/dev/stderr")) {
}

void follower_process::join(const std::string& invitation) {
  child_->tell(invitation);
}

std::string follower_process::line_after(const std::string& start) {
  // A table may take minutes to fill; each look takes one.
  for (int looks = 0; looks < 10;) {
    const auto line = child_->next_line();
    if (!line.empty() && line.starts_with(start))
      return line.substr(start.size());
    looks += line.empty() ? 1 : 0;
  }
  std::fprintf(stderr, "lockstep-bench: the second device said no more\n");
  std::exit(1);
}

void follower_process::joined(std::size_t count) {
  line_after("joined " + std::to_string(count));
}

std::chrono::nanoseconds follower_process::applied(sequence_number through,
                                                   std::size_t which) {
  for (;;) {
    const auto line = line_after("applied " + std::to_string(which) + ' ');
    if (!(sequence_number{std::stoull(line)} < through))
      return std::chrono::nanoseconds{std::stoll(line.substr(line.find(' ')))};
  }
}

int follow(const std::filesystem::path& folder, const std::string& how) {
  runtime shared;
  auto options = opened_device::options_for(folder);
  options.network.emplace();
  auto device = must(node::open(shared, options));
  std::vector<subscription> events;
  std::optional<teller> also;
  if (how != "resting")
    also.emplace(how == "weighed");
  std::size_t count = 0;
  for (std::string invitation; std::getline(std::cin, invitation); ++count) {
    auto items = must(device.join(invitation)).what;
    if (also)
      events.push_back(device.subscribe(
        [count](const event& what) {
          if (const auto* some = std::get_if<entries_applied>(&what.body))
            tell_applied(count, some->last);
        },
        items.id()));
    must(items.use<item>().get());
    if (also)
      also->add(items);
    tell("joined " + std::to_string(count + 1));
  }
  return 0;
}

} // namespace lockstep::bench

#include "bench/follower_process.hpp"

#include "bench/open_library.hpp"

#include <cstdio>
#include <string>
#include <thread>
#include <tuple>

namespace lockstep::bench {

namespace {

/// One line in one write, as two threads speak.
void tell(sequence_number applied) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto line
    = to_string(applied) + ' ' + std::to_string(now.count()) + '\n';
  std::ignore = ::write(STDOUT_FILENO, line.data(), line.size());
}

} // namespace

follower_process::follower_process(const std::filesystem::path& folder,
                                   const std::string& invitation)
  : child_(std::make_unique<process>(
    std::vector<std::string>{"/proc/self/exe", follow_argument, folder.string(),
                             invitation},
    "/dev/stderr")) {
}

std::chrono::nanoseconds follower_process::applied(sequence_number through) {
  for (;;) {
    const auto line = child_->next_line();
    const auto space = line.find(' ');
    if (space == std::string::npos) {
      std::fprintf(stderr, "lockstep-bench: the second device said no more\n");
      std::exit(1);
    }
    if (!(sequence_number{std::stoull(line)} < through))
      return std::chrono::nanoseconds{std::stoll(line.substr(space))};
  }
}

int follow(const std::filesystem::path& folder, const std::string& invitation) {
  runtime shared;
  auto options = opened_device::options_for(folder);
  options.network.emplace();
  auto device = must(node::open(shared, options));
  const auto events = device.subscribe([](const event& what) {
    if (const auto* some = std::get_if<entries_applied>(&what.body))
      tell(some->last);
  });
  auto items = must(device.join(invitation)).what;
  must(items.use<item>().get());
  // Until it is killed. Events that come too fast are left out.
  for (;;) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    tell(must(items.status().get()).applied);
  }
}

} // namespace lockstep::bench

#include "apps/cli/serve.hpp"

#include "apps/cli/all_commands.hpp"
#include "apps/cli/control_server.hpp"
#include "apps/cli/open_device.hpp"

#include <cstdlib>
#include <memory>

#include <csignal>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

/// How long commands of others may take to end once the device is closed.
constexpr auto command_patience = 1s;

struct serve_arguments {
  std::string listen = "0.0.0.0:47477";
  std::vector<std::string> advertise;
};

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// Keeps the signals that end it away from all threads that start from now on.
void hold_signals() {
  const auto set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// Returns once somebody wants it to end. A second signal ends it at once.
void wait_for_signal() {
  const auto set = ending_signals();
  int number = 0;
  sigwait(&set, &number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

/// Opens all libraries; one that cannot be opened does not keep the others.
expected<void> open_all(const output& out, node& device) {
  const auto known = device.libraries();
  if (!known)
    return tl::make_unexpected(known.error());
  for (const auto& one : *known)
    if (const auto opened = device.open_library(to_string(one.id)); !opened)
      out.warn("lockstep: " + opened.error().message);
  return {};
}

void tell_of_pairing(const output& out, const paired_device& what) {
  out.answer({{"paired", to_string(what.device)},
              {"name", what.name},
              {"library", to_string(what.library)},
              {"verification", what.verification}},
             "\"" + what.name
               + "\" joined; its person sees these words, if nobody is in"
                 " between: "
               + what.verification + "\n");
}

exit_status run_for_another(const served_device& served,
                            const distant_command& what,
                            std::shared_ptr<console> to) {
  options base;
  base.to = std::move(to);
  base.folder = what.folder;
  base.served = served;
  commands all{std::move(base)};
  add_all_commands(all);
  return all.run_served(what.arguments);
}

expected<void> serve(const options& given, const serve_arguments& what) {
  hold_signals();
  const auto out = given.out();
  network_place place{what.listen, what.advertise};
  place.paired = [out](const paired_device& news) {
    tell_of_pairing(out, news);
  };
  auto device = open_device::at(given, std::move(place));
  if (!device)
    return tl::make_unexpected(device.error());
  auto& node = device->node();
  if (auto opened = open_all(out, node); !opened)
    return opened;
  const served_device served{&node, device->directory()};
  const auto run
    = [served](const distant_command& wish, std::shared_ptr<console> to) {
        return run_for_another(served, wish, std::move(to));
      };
  auto control = control_server::open(device->directory(), run);
  if (!control)
    return tl::make_unexpected(control.error());
  out.answer({{"listening", node.listening_on()}},
             "listening on " + node.listening_on() + "\n");
  wait_for_signal();
  control->finish();
  node.close();
  // Who does not read what its command says does not keep the daemon: all that
  // is to be kept is closed.
  if (!control->wait_for_commands(command_patience))
    std::_Exit(static_cast<int>(exit_status::done));
  return {};
}

} // namespace

void add_serve(commands& all) {
  auto what = std::make_shared<serve_arguments>();
  auto& made = all.add_here(
    "serve",
    "Run the device in the foreground until SIGINT or SIGTERM: keep its"
    " libraries\nin step with other devices. It says on local networks where it"
    " is, unless\nnetwork.discovery is 0s",
    "lockstep serve --listen 192.168.1.7:47477",
    [what](const options& given) { return serve(given, *what); });
  made
    .add_option("--listen", what->listen,
                "Where to take connections; port 0 is any free one")
    ->type_name("HOST:PORT")
    ->capture_default_str();
  made
    .add_option("--advertise", what->advertise,
                "Where other devices are to dial [as it listens]")
    ->type_name("HOST:PORT")
    ->allow_extra_args(false);
}

} // namespace lockstep::cli

#include "config/settings_text.hpp"
#include "tests/simulation/leadership_times.hpp"
#include "tests/simulation/seed_range.hpp"
#include "tests/simulation/traffic.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

namespace {

using namespace lockstep::simulation;

void print(const summary& total) {
  const auto all = total.to_json();
  for (const auto* name :
       {"runs", "failed", "device_hours", "wall_seconds", "elections",
        "crashes", "partitions", "rebased", "conflicts"})
    std::cout << name << " " << all.at(name) << "\n";
  if (!total.failing.empty())
    std::cout << "failing_seeds " << all.at("failing_seeds") << "\n";
  for (const auto& name : total.never)
    std::cout << "never happened: " << name << "\n";
}

/// What the devices log stands between the lines of a trace.
std::shared_ptr<spdlog::logger> log_for(bool trace) {
  spdlog::sink_ptr to = std::make_shared<spdlog::sinks::null_sink_st>();
  if (trace)
    to = std::make_shared<spdlog::sinks::stderr_sink_st>();
  auto made = std::make_shared<spdlog::logger>("lockstep", to);
  made->set_pattern("             log: %v");
  return made;
}

/// Takes the value or tells what is wrong with it.
template <class T> bool take(lockstep::expected<T> value, T& into) {
  if (!value)
    std::cerr << "lockstep-simulate: " << value.error().message << "\n";
  else
    into = *value;
  return value.has_value();
}

/// "concern.field=value", one for each.
lockstep::expected<lockstep::settings>
settings_of(const std::vector<std::string>& list, lockstep::settings all) {
  for (const auto& one : list) {
    const auto at = std::min(one.find('='), one.size());
    const auto value = one.substr(std::min(at + 1, one.size()));
    if (auto done = lockstep::set(all, one.substr(0, at), value); !done)
      return tl::make_unexpected(done.error());
  }
  if (auto good = lockstep::validate(all); !good)
    return tl::make_unexpected(good.error());
  return all;
}

template <class Figures> int tell(const Figures& all, bool json) {
  if (json)
    std::cout << json_of(all).dump() << "\n";
  else
    std::cout << table_of(all);
  return 0;
}

int measure(const options& how, const std::string& what) {
  lockstep::settings limits;
  if (!take(settings_of(how.set, {}), limits))
    return 2;
  if (what == "traffic") {
    const auto sizes = sizes_in(how.devices);
    if (!sizes.empty())
      return tell(measure_traffic(how, limits, sizes), how.json);
    std::cerr << "lockstep-simulate: traffic is measured among 2, 5, 10, 30 and"
                 " 100 devices; choose a range that holds some of them.\n";
    return 2;
  }
  if (how.devices.first < 2) {
    std::cerr << "lockstep-simulate: one device has nobody to hand over to.\n";
    return 2;
  }
  return tell(measure_leadership(how, limits), how.json);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Runs whole fleets of Lockstep's devices in one process, with"
               " seeded faults, and checks what is promised."};
  options how;
  std::string seeds = "1..100";
  std::string devices = "2..5";
  std::string faults = "all";
  std::string broken = "none";
  app.add_option("--seeds", seeds, "A..B; one run for each");
  app.add_option("--devices", devices, "A..B; how many, drawn for each run");
  app.add_option("--hours", how.hours, "Virtual time with faults of each run")
    ->check(CLI::Range(0.01, 10'000.0));
  app.add_option("--faults", faults, "all, none, or names with commas");
  std::string work = "mixed";
  app
    .add_option("--work", work,
                "What is done on the devices: a little of everything, or all"
                " change the same hundred records")
    ->check(CLI::IsMember({"mixed", "conflicts"}));
  std::string mode = "available";
  app
    .add_option("--consistency", mode,
                "Whether leaders need a majority, on all devices")
    ->check(CLI::IsMember({"available", "quorum"}));
  app.add_option("--broken", broken,
                 "Breaks a part of the product, for the checks to notice");
  app.add_flag("--first", how.first, "Ends at the first seed that fails");
  app.add_option("--jobs", how.jobs, "Processes")->check(CLI::Range(1, 64));
  app.add_flag("--json", how.json, "Prints the summary as JSON");
  app.add_flag("--trace", how.trace, "Prints every step to standard error");
  app.add_flag("--sometimes", how.sometimes,
               "Fails when a kind of fault or event never came up");
  std::string measured;
  app
    .add_option("--measure", measured,
                "Measures instead of testing: how long devices wait for a"
                " leader, or what they say to each other in libraries of"
                " different sizes")
    ->check(CLI::IsMember({"leadership", "traffic"}));
  app.add_option("--set", how.set, "A setting of all devices, KEY=VALUE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  if (mode == "quorum")
    how.consistency = lockstep::consistency::quorum;
  if (!take(parse_range(seeds), how.seeds)
      || !take(parse_range(devices), how.devices)
      || !take(parse_faults(faults, how.consistency), how.faults)
      || !take(parse_flaw(broken), how.broken)
      || !take(settings_of(how.set, how.limits), how.limits))
    return 2;
  if (work == to_string(workload::conflicts))
    how.work = workload::conflicts;
  const std::uint64_t most = measured == "traffic" ? 100 : 16;
  if (how.devices.first == 0 || how.devices.last > most) {
    std::cerr << "lockstep-simulate: 1 to " << most
              << " devices are possible.\n";
    return 2;
  }
  spdlog::register_logger(log_for(how.trace));
  if (!measured.empty())
    return measure(how, measured);
  const auto total = run_range(how, std::cerr);
  if (how.json)
    std::cout << total.to_json().dump() << "\n";
  else
    print(total);
  return total.failing.empty() && total.never.empty() ? 0 : 1;
}

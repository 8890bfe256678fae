#include "bench/cases.hpp"
#include "bench/follower_process.hpp"
#include "bench/weighed_leader.hpp"
#include "persistence/sqlite_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>

namespace {

using namespace lockstep::bench;

struct bench_case {
  const char* name;
  const char* what;
  std::vector<measurement> (*measure)(const extent&);
};

constexpr std::array<bench_case, 14> cases{{
  {"commit", "durable commits", measure_commits},
  {"at-once", "commits of 64 callers", measure_commits_at_once},
  {"batch", "commit_batch", measure_batches},
  {"foreign", "a program's bulk INSERT", measure_foreign_inserts},
  {"latency", "the way of one commit", measure_latency},
  {"replication", "many rows to another process", measure_replication},
  {"first-sync", "a new device", measure_first_sync},
  {"log", "reading the log", measure_log_reading},
  {"packing", "a log with compressed images", measure_log_packing},
  {"events", "the event bus", measure_events},
  {"idle", "devices at rest", measure_rest},
  {"memory", "memory", measure_memory},
  {"growth", "short and long logs", measure_growth},
  {"vacuum", "commits beside the vacuum", measure_vacuum},
}};

} // namespace

int main(int count, char** arguments) {
  lockstep::prepare_sqlite();
  if (count == 4 && std::string_view{arguments[1]} == follow_argument)
    return follow(arguments[2], arguments[3]);
  if (count == 3 && std::string_view{arguments[1]} == lead_argument)
    return lead(arguments[2]);
  CLI::App app{"Measures Lockstep beside the same work without it.\n"
               "  lockstep-bench --quick\n"
               "  lockstep-bench commit foreign --json",
               "lockstep-bench"};
  std::vector<std::string> names;
  bool json = false;
  extent how;
  std::string known;
  for (const auto& one : cases)
    known += std::string{known.empty() ? "" : ", "} + one.name + " (" + one.what
             + ")";
  app.add_option("CASE", names, "What to measure, all unless told: " + known);
  app.add_flag("--json", json, "Figures for programs");
  app.add_flag("--quick", how.quick, "A twentieth of the work: rough figures");
  app.add_flag("--large", how.large,
               "For growth: ten million entries, too, half an hour");
  CLI11_PARSE(app, count, arguments);

  for (const auto& name : names)
    if (std::none_of(cases.begin(), cases.end(),
                     [&](const bench_case& one) { return name == one.name; })) {
      std::cerr << "lockstep-bench: there is no case \"" << name
                << "\"; there are: " << known << ".\n";
      return 2;
    }
  std::vector<measurement> all;
  for (const auto& one : cases) {
    if (!names.empty()
        && std::find(names.begin(), names.end(), one.name) == names.end())
      continue;
    std::cerr << "measuring " << one.what << " ...\n";
    const auto list = one.measure(how);
    all.insert(all.end(), list.begin(), list.end());
  }
  std::cout << (json ? to_json(all).dump(2) + "\n" : to_text(all));
}

#include "bench/cases.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <functional>
#include <iostream>

namespace {

using namespace lockstep::bench;

struct bench_case {
  const char* name;
  const char* what;
  std::vector<measurement> (*measure)(const extent&);
};

constexpr std::array<bench_case, 2> cases{{
  {"commit", "durable commits", measure_commits},
  {"foreign", "a program's bulk INSERT", measure_foreign_inserts},
}};

} // namespace

int main(int count, char** arguments) {
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

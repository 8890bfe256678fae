#include "tests/simulation/seed_range.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>

namespace lockstep::simulation {

namespace {

using json = nlohmann::json;

json to_json(const run_result& what) {
  return {{"seed", what.seed},          {"why", what.why},
          {"story", what.story},        {"digest", what.digest},
          {"hours", what.device_hours}, {"steps", what.steps},
          {"counts", what.counts}};
}

run_result from_json(const json& what) {
  run_result result;
  result.seed = what.at("seed").get<std::uint64_t>();
  result.why = what.at("why").get<std::string>();
  result.story = what.at("story").get<std::string>();
  result.digest = what.at("digest").get<std::uint64_t>();
  result.device_hours = what.at("hours").get<double>();
  result.steps = what.at("steps").get<std::uint64_t>();
  result.counts = what.at("counts").get<std::map<std::string, std::uint64_t>>();
  return result;
}

void add(summary& total, const run_result& one, const options& how,
         std::ostream& err) {
  ++total.runs;
  total.device_hours += one.device_hours;
  total.steps += one.steps;
  for (const auto& [name, times] : one.counts)
    total.counts[name] += times;
  if (one.why.empty())
    return;
  total.failing.push_back(one.seed);
  err << one.story << "seed " << one.seed << " failed: " << one.why
      << "\nreplay: " << replay_command(one.seed, how) << "\n\n";
}

bool is_over(const summary& total, const options& how) {
  return how.first && !total.failing.empty();
}

/// A process that runs every so-many-th seed and writes a line for each.
struct worker {
  pid_t process = 0;
  std::FILE* lines = nullptr;
  std::uint64_t next = 0;
};

worker start_worker(const options& how, unsigned number) {
  worker made;
  made.next = how.seeds.first + number;
  int ends[2] = {};
  if (::pipe(ends) != 0)
    throw std::runtime_error{"no pipe"};
  std::cout.flush();
  made.process = ::fork();
  if (made.process == 0) {
    ::close(ends[0]);
    auto* out = ::fdopen(ends[1], "w");
    for (auto seed = made.next; seed <= how.seeds.last; seed += how.jobs) {
      const auto line = to_json(run_seed(seed, how, nullptr))
                          .dump(-1, ' ', false, json::error_handler_t::replace);
      std::fprintf(out, "%s\n", line.c_str());
      std::fflush(out);
    }
    std::_Exit(0);
  }
  ::close(ends[1]);
  made.lines = ::fdopen(ends[0], "r");
  return made;
}

bool read_line(std::FILE* from, std::string& line) {
  line.clear();
  for (int c = 0; (c = std::fgetc(from)) != EOF;) {
    if (c == '\n')
      return true;
    line.push_back(static_cast<char>(c));
  }
  return false;
}

/// Takes all results of one worker. A seed that took its process along is a
/// failure, and the rest of the worker's seeds go on in a new one.
void drain(worker from, const options& how, summary& total, std::ostream& err) {
  for (;;) {
    std::string line;
    while (!is_over(total, how) && read_line(from.lines, line)) {
      add(total, from_json(json::parse(line)), how, err);
      from.next += how.jobs;
    }
    if (is_over(total, how)) {
      ::kill(from.process, SIGKILL);
      std::fclose(from.lines);
      ::waitpid(from.process, nullptr, 0);
      return;
    }
    std::fclose(from.lines);
    int status = 0;
    ::waitpid(from.process, &status, 0);
    if (from.next > how.seeds.last)
      return;
    run_result broken;
    broken.seed = from.next;
    broken.why = "the process ended with status " + std::to_string(status);
    add(total, broken, how, err);
    auto rest = how;
    rest.seeds.first = from.next + how.jobs;
    if (rest.seeds.first > how.seeds.last)
      return;
    from = start_worker(rest, 0);
  }
}

void find_missing(summary& total, const options& how) {
  std::vector<std::string> wanted{"elections", "rebased", "conflicts",
                                  "commits",   "foreign", "renumbered",
                                  "pieces"};
  if (how.work == workload::conflicts)
    wanted = {"elections",
              "rebased",
              "texts in rows",
              "texts in conflicts",
              "open constraint of named",
              "open concurrent of page",
              "open concurrent of page_first",
              "open concurrent of page_merge",
              "open concurrent of page_union",
              "open concurrent of leaf"};
  wanted.emplace_back("never leads");
  for (const auto what : how.faults)
    wanted.push_back("fault " + std::string{to_string(what)});
  if (how.faults.contains(fault::remove)) {
    wanted.emplace_back("members out");
    wanted.emplace_back("unheard");
  }
  if (how.faults.contains(fault::vacuum))
    wanted.emplace_back("forgotten");
  for (const auto& name : wanted)
    if (total.counts[name] == 0)
      total.never.push_back(name);
}

} // namespace

std::string replay_command(std::uint64_t seed, const options& how) {
  std::string faults;
  for (const auto what : how.faults)
    faults += (faults.empty() ? "" : ",") + std::string{to_string(what)};
  if (faults.empty())
    faults = "none";
  auto text = "lockstep-simulate --seeds " + std::to_string(seed)
              + " --devices " + std::to_string(how.devices.first) + ".."
              + std::to_string(how.devices.last) + " --hours "
              + nlohmann::json(how.hours).dump() + " --faults " + faults;
  if (how.work != workload::mixed)
    text += " --work " + std::string{to_string(how.work)};
  if (how.consistency == consistency::quorum)
    text += " --consistency quorum";
  for (const auto& one : how.set)
    text += " --set " + one;
  if (how.broken != flaw::none)
    text += " --broken " + std::string{to_string(how.broken)};
  return text + " --trace";
}

summary run_range(const options& how, std::ostream& err) {
  const auto begin = std::chrono::steady_clock::now();
  summary total;
  if (how.trace) {
    for (auto seed = how.seeds.first; seed <= how.seeds.last; ++seed) {
      add(total, run_seed(seed, how, &std::cerr), how, err);
      if (is_over(total, how))
        break;
    }
  } else {
    std::vector<worker> workers;
    for (unsigned i = 0; i < how.jobs; ++i)
      workers.push_back(start_worker(how, i));
    for (const auto& one : workers)
      drain(one, how, total, err);
  }
  std::sort(total.failing.begin(), total.failing.end());
  if (how.sometimes)
    find_missing(total, how);
  total.wall_seconds
    = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
        .count();
  return total;
}

nlohmann::json summary::to_json() const {
  auto count = [this](const char* name) -> std::uint64_t {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
  };
  return {{"runs", runs},
          {"failed", failing.size()},
          {"failing_seeds", failing},
          {"device_hours", device_hours},
          {"wall_seconds", wall_seconds},
          {"elections", count("elections")},
          {"crashes", count("crashes")},
          {"partitions", count("partitions")},
          {"rebased", count("rebased")},
          {"conflicts", count("conflicts")},
          {"never", never},
          {"steps", steps},
          {"counts", counts}};
}

} // namespace lockstep::simulation

#include "tests/simulation/one_run.hpp"

#include "messages/library_requests.hpp"
#include "tests/simulation/conflict_checker.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/ledger.hpp"
#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/member_checker.hpp"
#include "tests/simulation/sabotage.hpp"
#include "tests/simulation/table_checker.hpp"
#include "tests/simulation/work.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <ostream>
#include <ranges>
#include <sstream>

namespace lockstep::simulation {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds look_pause{5};
constexpr std::chrono::minutes drain_patience{90};
constexpr std::size_t story_lines = 120;
/// How much is done in a run, in hundredths how much of that is work.
struct amount {
  std::uint64_t least;
  std::uint64_t spread;
  std::uint64_t work_share;
};
constexpr amount of_all{60, 120, 60};
constexpr amount of_page_edits{400, 400, 92};
/// Some 30,000 are usual.
constexpr std::uint64_t most_steps = 2'000'000;

class one_run {
public:
  one_run(std::uint64_t seed, const options& how, std::ostream* trace_to)
    : how_(how), folder_(folder_for_runs()), world_(seed, folder_.path()),
      log_(world_, verdict_), members_(world_, log_, verdict_),
      work_(world_, ledger_, log_, how.work),
      faults_(world_, chosen(how), ledger_, log_, verdict_),
      sabotage_(world_, how.broken) {
    result_.seed = seed;
    if (how.work == workload::conflicts) {
      amount_ = of_page_edits;
      world_.tables.insert(world_.tables.end(), page_tables().begin(),
                           page_tables().end());
    }
    world_.limits = how.limits;
    world_.limits.leadership.consistency = how.consistency;
    world_.run.story.print_to(trace_to);
    world_.before_carry = [this](caf::mailbox_element& next) {
      members_.before_carry(next);
    };
    world_.before_step = [this](device& which, caf::mailbox_element& next) {
      if (how_.broken != flaw::none)
        sabotage_.before_step(which, next);
      members_.before_step(which, next);
    };
    if (how.broken != flaw::none)
      world_.before_start = [this](device& which) {
        sabotage_.before_start(which);
      };
    world_.after_step = [this](device& which) {
      log_.look(which);
      if (world_.run.steps() > most_steps)
        verdict_.fail("liveness: the devices do not come to rest");
    };
    // What was said is true of that moment.
    world_.after_answer = [this] {
      work_.collect();
    };
    world_.before_down = [this](device& which) {
      log_.forget(which);
    };
  }

  one_run(const one_run&) = delete;
  one_run& operator=(const one_run&) = delete;

  /// What looks at the devices goes before they do.
  ~one_run() {
    world_.before_carry = nullptr;
    world_.before_start = nullptr;
    world_.before_step = nullptr;
    world_.after_step = nullptr;
    world_.after_answer = nullptr;
    world_.before_down = nullptr;
  }

  run_result go() {
    try {
      begin();
      disturb();
      heal();
      compare();
    } catch (const std::exception& problem) {
      verdict_.fail(std::string{"the run broke off: "} + problem.what());
    }
    report();
    return std::move(result_);
  }

private:
  /// Half of the runs meet some of the faults only, so that each also comes by
  /// itself.
  std::set<fault> chosen(const options& how) {
    auto all = how.faults;
    if (world_.run.one_in(2))
      std::erase_if(all, [this](fault) { return world_.run.one_in(2); });
    return all;
  }

  void begin() {
    const auto& [first, last] = how_.devices;
    const auto count = first + world_.run.draw(last - first + 1);
    // Told by the seed itself, so that the draws of a run stay as they are.
    if (result_.seed % 4 == 0 && count > 1) {
      world_.never_leads = static_cast<owner>(result_.seed / 4 % count);
      ++result_.counts["never leads"];
    }
    if (auto shared = world_.share(count); !shared)
      throw std::runtime_error{shared.error().message};
  }

  /// A short breath, a minute, or hours: so that the whole comes to the time
  /// that was asked for.
  duration next_pause(duration left, std::uint64_t acts) {
    const auto even = left / static_cast<std::int64_t>(acts);
    const auto span = static_cast<std::uint64_t>(
      std::max<std::int64_t>(1, 2 * even / milliseconds{1}));
    switch (world_.run.draw(4)) {
      case 0:
        return milliseconds{world_.run.draw(50)};
      case 1:
        return milliseconds{world_.run.draw(3'000)};
      default:
        return milliseconds{world_.run.draw(span) * 2};
    }
  }

  void disturb() {
    const auto time = std::chrono::duration_cast<duration>(
      std::chrono::duration<double, std::ratio<3600>>(how_.hours));
    const auto end = world_.run.now() + time;
    for (auto acts = amount_.least + world_.run.draw(amount_.spread);
         acts > 0 && verdict_.good(); --acts) {
      const auto left = std::max(end - world_.run.now(), duration::zero());
      world_.run.run_until([this] { return !verdict_.good(); },
                           std::min(next_pause(left, acts), left));
      act();
      world_.notice_power_cuts();
    }
    if (verdict_.good())
      world_.run.run_for(std::max(end - world_.run.now(), duration::zero()));
  }

  void act() {
    auto& which = world_.devices[world_.run.draw(world_.devices.size())];
    const bool can_work = which.up && which.ready && which.shared.library
                          && !world_.run.is_frozen(which.number);
    if (world_.run.draw(100) < amount_.work_share) {
      if (can_work)
        work_.act(which);
    } else if (world_.run.one_in(3)) {
      if (!which.up || !which.ready || lost_library(which))
        faults_.bring_up(which);
    } else {
      faults_.act();
    }
    if (world_.run.one_in(10) && which.up && which.ready
        && which.disk->has_power())
      check_tables(world_, which, verdict_);
  }

  /// Its library failed: its actors are others by now.
  bool lost_library(const device& which) {
    return !which.shared.library || world_.run.one_in(3);
  }

  void heal() {
    if (!verdict_.good())
      return;
    world_.say("all is well from now on");
    faults_.mend_all();
    const auto end = world_.run.now() + drain_patience;
    std::string left;
    for (std::uint64_t round = 0; world_.run.now() < end; ++round) {
      if (round % 12 == 0)
        wake_all();
      if (round % 120 == 119)
        faults_.end_waiting();
      world_.run.run_until([this] { return !verdict_.good(); }, look_pause);
      if (!verdict_.good())
        return;
      left = what_is_left();
      if (left.empty() && !faults_.repair_again())
        return;
    }
    verdict_.fail("liveness: after " + std::to_string(drain_patience.count())
                  + " quiet minutes " + left + world_.describe());
  }

  void wake_all() {
    for (auto& one : world_.devices) {
      faults_.bring_up(one);
      if (one.shared.library)
        world_.request<done>(one.shared.library, database_written{});
    }
  }

  static std::string described(const log_position& end) {
    return to_string(end.sequence) + " entries, the last of term "
           + std::to_string(end.ballot.term.value);
  }

  /// What keeps the devices from having all that they will have.
  std::string what_is_left() {
    std::optional<log_position> end;
    if (auto waits = work_.waits(); !waits.empty())
      return waits;
    for (auto& one : world_.devices) {
      if (log_.is_out(one))
        continue;
      if (!one.up || !one.ready)
        return one.name + " is not ready";
      auto state = read_state(world_, one);
      if (!state)
        return one.name + " cannot be read: " + state.error().message;
      if (state->pending != 0 || state->noted != 0)
        return one.name + " has " + std::to_string(state->pending)
               + " pending operations and " + std::to_string(state->noted)
               + " noted rows:\n" + name_pending(world_, one);
      log_.look(one);
      const auto held = log_.end_of(one);
      if (state->applied != held.sequence.value)
        return one.name + " has applied " + std::to_string(state->applied)
               + " of " + to_string(held.sequence);
      // Logs of one length may still be two, until one of them is yielded.
      if (end && *end != held)
        return one.name + " holds " + described(held) + ", another "
               + described(*end);
      end = held;
    }
    return who_should_not_lead();
  }

  /// A device that never leads may stand for the others until one of them has
  /// what it holds. Who made the library leads until another one asks.
  std::string who_should_not_lead() {
    if (!world_.never_leads || *world_.never_leads == 0)
      return {};
    auto& which = world_.devices[static_cast<std::size_t>(*world_.never_leads)];
    const bool has_others
      = std::ranges::any_of(world_.devices, [&](const device& other) {
          return other.number != which.number && !log_.is_out(other);
        });
    return has_others && !log_.is_out(which) && world_.leads(which)
             ? which.name + " leads, whose priority is below zero"
             : std::string{};
  }

  void compare() {
    if (!verdict_.good())
      return;
    auto is_in = [this](const device& one) {
      return !log_.is_out(one);
    };
    auto& first = *std::ranges::find_if(world_.devices, is_in);
    const auto log = log_.read_all(first);
    const auto rows = read_tables(world_, first);
    for (auto& one : world_.devices | std::views::filter(is_in)) {
      if (log_.read_all(one) != log)
        verdict_.fail("P4: the logs of " + first.name + " and " + one.name
                      + " differ");
      const auto held = read_tables(world_, one);
      if (!held || !rows || *held != *rows)
        verdict_.fail("P4: the tables of " + first.name + " and " + one.name
                      + " differ" + what_differs(rows, held, log)
                      + world_.describe());
      check_tables(world_, one, verdict_);
      check_replay(world_, one, log, verdict_);
      check_as_people_do(one);
    }
    for (const auto& one : world_.devices)
      if (log_.is_out(one)) {
        ++result_.counts["members out"];
        ledger_.forgive(one.id, [](const operation_key&) { return false; });
        forgive_what_only_it_holds(one);
      }
    for (const auto& one : world_.devices)
      ledger_.forgive(one.id, [&](const operation_key& made) {
        return !log_.gone_with_tables.contains(made);
      });
    auto accounted = log;
    if (log_.members_may_be_stale())
      for (auto& what : log_.outlived_by(log))
        accounted.push_back(std::move(what));
    ledger_.check(accounted, verdict_);
    check_conflicts(log, verdict_, result_.counts);
    check_conflict_lists(open_conflicts(log));
    for (const auto& what : log) {
      if (what.model == conflict_model)
        ++result_.counts["conflicts"];
      // What a stranger wrote may be kept as a conflict.
      else if (log_.membership_of(first, what.device) == nullptr)
        verdict_.fail("P9: " + named(what)
                      + " was made by a device that was"
                        " never let in");
    }
    result_.counts["entries"] = log.size();
    result_.counts["operations renumbered"] = ledger_.renumbered(log);
    result_.counts["renumbered"] = work_.renumbered(numbers_of(world_, first));
  }

  /// The product's own examination finds nothing.
  void check_as_people_do(device& which) {
    const auto found = world_.ask<library_report>(which, which.shared.library,
                                                  look_pause, check_library{});
    if (!found)
      return verdict_.fail("check: " + which.name
                           + " cannot be examined: " + found.error().message);
    for (const auto& one : found->problems)
      verdict_.fail("check: " + which.name + ": " + one);
  }

  /// Of those whose log was lost: who let it in may have been the only one that
  /// knew it.
  void forgive_what_only_it_holds(const device& outside) {
    for (const auto& lost : world_.devices)
      if (lost.lost_log)
        ledger_.forgive(lost.id, [&](const operation_key& made) {
          return !log_.is_in_log_of(outside, made);
        });
  }

  /// Each device lists the conflicts that are open, and no others.
  void check_conflict_lists(const std::set<record_id>& open) {
    for (auto& one : world_.devices) {
      if (log_.is_out(one))
        continue;
      const auto listed = world_.ask<conflict_list>(
        one, one.shared.library, look_pause, read_conflicts{});
      std::set<record_id> shown;
      if (listed)
        for (const auto& conflict : listed->list)
          shown.insert(conflict.kept.record);
      if (shown != open)
        verdict_.fail("P3: " + one.name + " lists "
                      + std::to_string(shown.size()) + " conflicts of "
                      + std::to_string(open.size()) + " that are open");
    }
  }

  /// The rows that only one side has, with the entries about them.
  static std::string what_differs(const expected<std::string>& a,
                                  const expected<std::string>& b,
                                  const std::vector<entry>& log) {
    if (!a || !b)
      return ": " + (a ? b : a).error().message;
    std::string text;
    auto only = [&](const std::string& in, const std::string& not_in) {
      std::istringstream rows{in};
      for (std::string row; std::getline(rows, row);) {
        if (("\n" + not_in).find("\n" + row + "\n") != std::string::npos)
          continue;
        text += "\n" + row;
        const auto mark = row.find("t#");
        if (mark == std::string::npos)
          continue;
        const auto what = row.substr(mark, row.find(';', mark) - mark + 1);
        for (const auto& one : log)
          if (one.data.find(what) != std::string::npos)
            text += "\n  " + named(one) + " " + one.model + " "
                    + std::string{to_string(one.change)} + " " + one.data;
      }
    };
    text += "\nonly the first has:";
    only(*a, *b);
    text += "\nonly the second has:";
    only(*b, *a);
    return text;
  }

  void report() {
    auto& counts = result_.counts;
    for (const auto& [what, times] : faults_.counts)
      counts["fault " + std::string{to_string(what)}] = times;
    counts["elections"] = log_.ballots.empty() ? 0 : log_.ballots.size() - 1;
    counts["crashes"] = world_.crashes;
    counts["partitions"] = faults_.counts[fault::partition];
    counts["rebased"] = world_.run.taken(typeid(yield_log));
    counts["given back"] = log_.given_back;
    counts["commits"] = work_.commits;
    counts["refused"] = work_.refused;
    counts["foreign"] = work_.foreign;
    counts["forgotten"] = log_.forgetful();
    counts["acknowledged"] = ledger_.size();
    counts["settled"] = log_.settled();
    counts["sabotage"] = sabotage_.times;
    counts["unheard"] = members_.unheard;
    counts["pieces"] = members_.pieces;
    result_.why = verdict_.why();
    result_.digest = world_.run.story.digest();
    result_.steps = world_.run.steps();
    result_.device_hours
      = std::chrono::duration<double, std::ratio<3600>>(world_.run.elapsed())
          .count()
        * static_cast<double>(world_.devices.size());
    if (!result_.why.empty())
      result_.story = world_.run.story.tail(story_lines);
  }

  const options& how_;
  amount amount_ = of_all;
  run_result result_;
  temporary_directory folder_;
  verdict verdict_;
  ledger ledger_;
  world world_;
  log_checker log_;
  member_checker members_;
  work work_;
  faults faults_;
  sabotage sabotage_;
};

} // namespace

std::filesystem::path folder_for_runs() {
  const std::filesystem::path memory{"/dev/shm"};
  std::error_code ignored;
  return std::filesystem::is_directory(memory, ignored)
           ? memory
           : std::filesystem::temp_directory_path();
}

run_result run_seed(std::uint64_t seed, const options& how,
                    std::ostream* trace_to) {
  return one_run{seed, how, trace_to}.go();
}

} // namespace lockstep::simulation

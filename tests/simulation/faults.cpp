#include "tests/simulation/faults.hpp"

#include "tests/simulation/repair.hpp"
#include "tests/simulation/table_checker.hpp"

#include <algorithm>

namespace lockstep::simulation {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_devices = 7;
constexpr std::chrono::minutes join_patience{2};

} // namespace

faults::faults(world& where, const std::set<fault>& chosen, ledger& book,
               log_checker& logs, verdict& result)
  : world_(where), ledger_(book), logs_(logs), result_(result),
    chosen_(chosen.begin(), chosen.end()) {
}

device& faults::any() {
  return world_.devices[world_.run.draw(world_.devices.size())];
}

device* faults::any_up() {
  auto& found = any();
  return found.up && !world_.run.is_frozen(found.number) ? &found : nullptr;
}

unflushed faults::any_fate() {
  return static_cast<unflushed>(world_.run.draw(3));
}

void faults::count(fault what, const std::string& text) {
  ++counts[what];
  world_.say(std::string{to_string(what)} + ": " + text);
}

void faults::act() {
  if (chosen_.empty())
    return;
  switch (const auto what = chosen_[world_.run.draw(chosen_.size())]) {
    case fault::drop:
    case fault::delay:
    case fault::duplicate:
      return break_network(what);
    case fault::cut:
      return cut_pair();
    case fault::one_way:
      return cut_one_way();
    case fault::partition:
      return make_partition();
    case fault::reset:
      return reset_connection();
    case fault::slow:
      return slow_link();
    case fault::crash:
      return crash_device();
    case fault::close:
      return close_device();
    case fault::power:
      return cut_power();
    case fault::pause:
      return pause_device();
    case fault::skew:
      return skew_clock();
    case fault::join:
      return let_in();
    case fault::remove:
      return remove_member();
    case fault::disk_full:
      return fill_disk();
    case fault::io_error:
      return fail_disk();
    case fault::lost_log:
      return lose_log();
    case fault::lost_tables:
      return lose_tables();
    case fault::old_copy:
      return take_old_copy();
    case fault::bit_flip:
      return flip_bit();
    case fault::vacuum:
      return vacuum_log();
  }
}

void faults::break_network(fault how) {
  auto& run = world_.run;
  network_.seed = run.draw(1'000'000);
  const bool ends = run.one_in(3);
  if (how == fault::drop)
    network_.drop_per_mille
      = ends ? 0 : static_cast<std::uint32_t>(1 + run.draw(300));
  if (how == fault::duplicate)
    network_.duplicate_per_mille
      = ends ? 0 : static_cast<std::uint32_t>(1 + run.draw(300));
  if (how == fault::delay) {
    // Now and then a link so slow that answers are given up before they come.
    const auto most = run.one_in(5) ? 20'000 : 500;
    network_.delay_least = milliseconds{ends ? 0 : run.draw(20)};
    network_.delay_most
      = network_.delay_least + milliseconds{ends ? 0 : 1 + run.draw(most)};
  }
  world_.tell_network(network_);
  count(how, ends ? "ends" : "begins");
}

void faults::cut_pair() {
  auto& a = any();
  auto& b = any();
  if (a.number >= b.number || a.id.is_nil() || b.id.is_nil())
    return;
  const bool up = cut_.erase({a.number, b.number}) != 0;
  if (!up)
    cut_.insert({a.number, b.number});
  world_.tell_network(set_link{a.id, b.id, up});
  count(fault::cut, a.name + " and " + b.name + (up ? " end" : ""));
}

void faults::cut_one_way() {
  auto& a = any();
  auto& b = any();
  if (a.number == b.number)
    return;
  const bool heard = unheard_.erase({a.number, b.number}) != 0;
  if (!heard)
    unheard_.insert({a.number, b.number});
  world_.tell_network(set_heard{a.id, b.id, heard});
  count(fault::one_way, a.name + " to " + b.name + (heard ? " ends" : ""));
}

void faults::mend_links() {
  for (const auto& [a, b] : cut_)
    world_.tell_network(set_link{world_.devices[static_cast<std::size_t>(a)].id,
                                 world_.devices[static_cast<std::size_t>(b)].id,
                                 true});
  cut_.clear();
}

void faults::make_partition() {
  mend_links();
  if (world_.run.one_in(3)) {
    world_.say("partition: ends");
    return;
  }
  std::string shape;
  std::vector<std::uint64_t> group;
  for (std::size_t i = 0; i < world_.devices.size(); ++i) {
    group.push_back(world_.run.draw(3));
    shape += std::to_string(group.back());
  }
  for (std::size_t a = 0; a < group.size(); ++a)
    for (auto b = a + 1; b < group.size(); ++b)
      if (group[a] != group[b]) {
        cut_.insert({static_cast<owner>(a), static_cast<owner>(b)});
        world_.tell_network(
          set_link{world_.devices[a].id, world_.devices[b].id, false});
      }
  count(fault::partition, shape);
}

void faults::reset_connection() {
  auto& a = any();
  auto& b = any();
  if (a.number >= b.number || cut_.contains({a.number, b.number}))
    return;
  world_.tell_network(set_link{a.id, b.id, false});
  world_.tell_network(set_link{a.id, b.id, true});
  count(fault::reset, a.name + " and " + b.name);
}

void faults::slow_link() {
  auto& a = any();
  auto& b = any();
  if (a.number == b.number)
    return;
  const bool ends = slow_.erase({a.number, b.number}) != 0;
  if (!ends)
    slow_.insert({a.number, b.number});
  const milliseconds delay{ends ? 0 : 1 + world_.run.draw(10'000)};
  world_.tell_network(set_slow{a.id, b.id, delay});
  count(fault::slow, a.name + " to " + b.name + (ends ? " ends" : ""));
}

void faults::crash_device() {
  if (auto* found = any_up()) {
    count(fault::crash, found->name);
    world_.crash(*found, any_fate());
  }
}

void faults::close_device() {
  auto* found = any_up();
  if (found == nullptr || !found->ready)
    return;
  count(fault::close, found->name);
  if (auto closed = world_.close(*found); !closed)
    world_.say(found->name + " does not close: " + closed.error().message);
}

void faults::cut_power() {
  if (auto* found = any_up()) {
    found->disk->cut_power_after(1 + world_.run.draw(60), any_fate());
    count(fault::power, found->name);
  }
}

void faults::pause_device() {
  auto& which = any();
  const bool frozen = world_.run.is_frozen(which.number);
  if (!which.up)
    return;
  world_.set_frozen(which, !frozen);
  count(fault::pause, which.name + (frozen ? " ends" : ""));
}

void faults::skew_clock() {
  auto& which = any();
  constexpr std::array<std::int64_t, 3> scales{30, 7'200, 3 * 86'400};
  const auto scale = scales[world_.run.draw(scales.size())];
  const auto off = static_cast<std::int64_t>(
                     world_.run.draw(static_cast<std::uint64_t>(2 * scale)))
                   - scale;
  *which.skew = std::chrono::seconds{off};
  count(fault::skew, which.name + " by " + std::to_string(off) + " s");
}

void faults::let_in() {
  if (world_.devices.size() >= most_devices)
    return;
  auto& made = world_.add_device();
  count(fault::join, made.name);
  bring_up(made);
}

void faults::remove_member() {
  auto& which = any();
  auto* host = any_up();
  const auto all = static_cast<std::size_t>(
    std::ranges::count_if(world_.devices, &device::ready));
  if (host == nullptr || host->number == which.number || !host->ready
      || !host->shared.library || !which.ready || which.lost_log || all < 3
      || std::ranges::any_of(world_.devices, &device::removed))
    return;
  count(fault::remove, which.name + " by " + host->name);
  which.removed = true;
  forgive_last_held(which);
  world_.request<receipt>(host->shared.library,
                          change_member{{which.id, which.name, true}});
}

void faults::lose_log() {
  auto& which = any();
  if (!which.ready || which.removed
      || std::ranges::any_of(world_.devices, &device::lost_log))
    return;
  if (which.up)
    world_.crash(which, unflushed::kept);
  count(fault::lost_log, which.name);
  world_.lose(which, world_.log_of(which));
  ledger_.forgive(which.id, [&](const operation_key& made) {
    return logs_.is_elsewhere(which, made);
  });
  forgive_last_held(which);
  logs_.forget_log(which);
  copies_.erase(which.number);
  which.lost_log = which.log_is_lost = true;
  which.log_lost_at = world_.run.elapsed();
}

void faults::forgive_last_held(const device& which) {
  for (const auto& one : world_.devices)
    if (one.number != which.number && (one.lost_tables || one.lost_log))
      ledger_.forgive(one.id, [&](const operation_key& made) {
        return logs_.is_elsewhere(which, made)
               || !logs_.is_in_log_of(which, made);
      });
}

void faults::lose_tables() {
  auto& which = any();
  if (!which.ready || which.log_is_lost || counts[fault::lost_tables] > 1)
    return;
  which.log_is_unseen = !which.up;
  if (which.up)
    world_.crash(which, unflushed::kept);
  count(fault::lost_tables, which.name);
  world_.lose(which, world_.database_of(which));
  ledger_.forgive(which.id, [&](const operation_key& made) {
    return logs_.is_elsewhere(which, made) || logs_.is_in_log_of(which, made);
  });
  which.ready = false;
  which.lost_tables = true;
  copies_.erase(which.number);
}

void faults::fill_disk() {
  auto& which = any();
  const bool full = which.disk->room != memory_volume::plenty;
  which.disk->room = full ? memory_volume::plenty
                          : static_cast<std::int64_t>(world_.run.draw(50'000));
  count(fault::disk_full, which.name + (full ? " ends" : ""));
}

void faults::fail_disk() {
  auto& which = any();
  const bool failing = which.disk->error_per_mille != 0;
  which.disk->error_per_mille
    = failing ? 0 : static_cast<std::uint32_t>(1 + world_.run.draw(30));
  count(fault::io_error, which.name + (failing ? " ends" : ""));
}

void faults::take_old_copy() {
  auto& which = any();
  if (!which.ready || which.removed || which.log_is_lost)
    return;
  const auto old = copies_.find(which.number);
  if (old == copies_.end()) {
    logs_.look(which);
    // What it lost once it may not have got back yet.
    auto is_held = [&](const operation_key& made) {
      return !(which.lost_log || which.lost_tables)
             || logs_.is_in_log_of(which, made);
    };
    copies_[which.number]
      = {which.disk->take_copy(), ledger_.account_of(which.id, is_held),
         logs_.held_by(which)};
    return;
  }
  if (which.up)
    world_.crash(which, unflushed::kept);
  count(fault::old_copy, which.name);
  which.disk->put_back(old->second.files);
  ledger_.forgive_since(
    old->second.written, which.id,
    [&](const operation_key& made) { return logs_.is_elsewhere(which, made); });
  forgive_last_held(which);
  logs_.put_back(which, std::move(old->second.held));
  copies_.erase(old);
  which.lost_log = true;
  which.log_lost_at = world_.run.elapsed();
}

void faults::flip_bit() {
  auto& which = any();
  if (!which.ready || which.removed || which.log_is_lost)
    return;
  if (which.up)
    world_.crash(which, unflushed::kept);
  if (!which.is_damaged)
    if (const auto found = repair(world_, which, false);
        found && found->did_anything())
      result_.fail("repair: of the whole files of " + which.name + ", "
                   + found->log.why + found->database.why);
  const auto file
    = world_.run.one_in(2) ? world_.database_of(which) : world_.log_of(which);
  const auto before = which.disk->content_of(file.string());
  const auto schema = application_schema(world_, which);
  if (!which.disk->flip_bit(file.string()))
    return;
  // Nobody but the application can tell.
  if (const auto now = application_schema(world_, which);
      !now.empty() && now != schema)
    return which.disk->put(file.string(), before, false);
  count(fault::bit_flip, which.name + ", " + file.filename().string());
  which.is_damaged = true;
}

void faults::mend(device& which) {
  const bool is_last
    = std::ranges::none_of(world_.devices, [&](const device& other) {
        return other.number != which.number && other.shared_once
               && !other.removed && !other.log_is_lost;
      });
  const auto mended = repair(world_, which, is_last);
  if (!mended) {
    world_.say(which.name + " cannot be mended: " + mended.error().message);
    return;
  }
  which.is_damaged = false;
  std::string said = which.name + " is mended: the log was "
                     + std::string{to_string(mended->log.found)}
                     + ", the database "
                     + std::string{to_string(mended->database.found)};
  for (const auto& one : {mended->log.why, mended->database.why})
    said += one.empty() ? "" : "; " + one;
  for (const auto& one : mended->lost)
    said += "; " + one;
  world_.say(said);
  which.is_uncompared = !mended->did_anything() && !mended->compared;
  if (!mended->did_anything())
    return;
  ledger_.forgive(which.id, [&](const operation_key& made) {
    return logs_.is_elsewhere(which, made);
  });
  forgive_last_held(which);
  logs_.forget_log(which);
  copies_.erase(which.number);
  which.ready &= mended->database.found == lockstep::file_state::whole;
  which.lost_tables = which.lost_log = true;
  which.log_lost_at = world_.run.elapsed();
}

bool faults::repair_again() {
  bool any = false;
  for (auto& one : world_.devices)
    if (one.is_uncompared && !logs_.is_out(one)
        && report(one, "close", world_.close(one))) {
      one.is_uncompared = false;
      one.is_damaged = any = true;
    }
  return any;
}

bool faults::report(const device& which, const char* what,
                    const expected<void>& result) {
  if (!result)
    world_.say(which.name + " cannot " + what + ": " + result.error().message);
  return result.has_value();
}

void faults::bring_up(device& which) {
  if (!which.up && which.is_damaged)
    mend(which);
  if (!which.up && !report(which, "start", world_.start(which)))
    return;
  if (world_.run.is_frozen(which.number))
    return;
  if (which.shared_once)
    bring_back(which);
  else
    bring_in(which);
}

void faults::bring_back(device& which) {
  const auto opened = world_.reopen(which);
  if (which.log_is_lost) {
    if (opened)
      return result_.fail("P7: " + which.name
                          + " opens a library whose log"
                            " is lost");
    // What people are told to do; a crash may have come after it was done.
    const bool has_left = opened.error().code == errc::not_found;
    if (has_left)
      world_.note_left(which);
    if (has_left
        || (opened.error().code == errc::corrupt
            && report(which, "leave", world_.leave(which, join_patience))))
      which.log_is_lost = false;
    return;
  }
  if (report(which, "open", opened) && !which.ready)
    report(which, "make its tables", world_.make_tables(which, join_patience));
}

void faults::bring_in(device& which) {
  // Whoever lets a device in leads at that time, or will for its sake.
  auto& host = any();
  if (host.number != which.number && host.up && host.ready
      && !logs_.is_out(host) && host.shared.library
      && (world_.leads(host) || leads_for(which, host)))
    report(which, "join", world_.let_in(which, host, join_patience));
}

bool faults::leads_for(const device& which, device& host) {
  const auto* said = logs_.membership_of(host, which.id);
  return host.number == world_.never_leads && !world_.knows_leader(host)
         && said != nullptr && !said->removed;
}

void faults::end_waiting() {
  device* longest = nullptr;
  for (auto& one : world_.devices) {
    if (!one.shared.library || !(one.ready || one.lost_tables)
        || logs_.is_out(one) || !waits_for_members(world_, one)
        || world_.knows_leader(one))
      continue;
    if (longest == nullptr || logs_.end_of(*longest) < logs_.end_of(one))
      longest = &one;
  }
  if (longest != nullptr)
    report(*longest, "go on alone", go_on_alone(*longest));
}

expected<void> faults::go_on_alone(device& which) {
  if (auto closed = world_.close(which); !closed)
    return closed;
  world_.say(which.name + " goes on alone");
  return repair(world_, which, true)
    .and_then([&](const library_repair&) { return world_.start(which); })
    .and_then([&] { return world_.reopen(which); });
}

void faults::vacuum_log() {
  auto* which = any_up();
  if (which == nullptr || !which->ready || !which->shared.library)
    return;
  const vacuum_library all{timestamp{~std::uint64_t{0}}, false};
  const auto done = world_.ask<vacuum_result>(*which, which->shared.library,
                                              join_patience, all);
  if (done && done->removed != 0)
    count(fault::vacuum,
          which->name + " loses " + std::to_string(done->removed) + " entries");
}

void faults::mend_all() {
  network_ = {};
  world_.tell_network(network_);
  mend_links();
  for (const auto& [a, b] : unheard_)
    world_.tell_network(
      set_heard{world_.devices[static_cast<std::size_t>(a)].id,
                world_.devices[static_cast<std::size_t>(b)].id, true});
  unheard_.clear();
  for (const auto& [a, b] : slow_)
    world_.tell_network(set_slow{world_.devices[static_cast<std::size_t>(a)].id,
                                 world_.devices[static_cast<std::size_t>(b)].id,
                                 {}});
  slow_.clear();
  for (auto& one : world_.devices) {
    world_.set_frozen(one, false);
    one.disk->room = memory_volume::plenty;
    one.disk->error_per_mille = 0;
    if (one.up)
      one.disk->restore_power();
  }
}

} // namespace lockstep::simulation

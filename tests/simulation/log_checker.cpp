#include "tests/simulation/log_checker.hpp"

#include "messages/operation.hpp"
#include "protocol/chain.hpp"
#include "tests/simulation/table_checker.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <ranges>

namespace lockstep::simulation {

namespace {

constexpr std::uint32_t chunk = 1'000;

/// Of an entry about a member, whether it says that it is one no more.
bool says_removed(const entry& what) {
  return nlohmann::json::parse(what.data, nullptr, false)
    .value("removed", false);
}

bool removes_member(const entry& what) {
  return what.model == member_model && what.change != change_type::remove
         && says_removed(what);
}

} // namespace

std::string named(const entry& what) {
  return "entry " + to_string(what.sequence) + " (term "
         + to_string(what.ballot.term) + " of "
         + to_string(what.ballot.device).substr(0, 8) + ", made by "
         + to_string(what.device).substr(0, 8) + " as "
         + to_string(what.device_sequence) + ")";
}

bool log_checker::open(device& which, mirror& into) {
  if (into.reader)
    return true;
  auto opened = sync_log_reader::open(world_.log_of(which));
  if (!opened)
    return false;
  into.reader.emplace(std::move(*opened));
  return true;
}

void log_checker::look(device& which) {
  const auto file = world_.log_of(which).string();
  const auto changes
    = which.disk->changes_of(file) + which.disk->changes_of(file + "-wal");
  auto& seen = mirrors_[which.number];
  if (!which.up || changes == 0 || changes == seen.changes)
    return;
  calm_disk calm{*which.disk};
  if (!open(which, seen))
    return;
  seen.changes = changes;
  if (auto record = seen.reader->leadership(); record && record->current.term)
    ballots.insert(record->current);
  copies_.erase(which.number);
  step_back(which, seen);
  which.log_is_unseen = false;
  for (;;) {
    const auto since = seen.lines.empty() ? sequence_number{}
                                          : seen.lines.back().position.sequence;
    auto more = seen.reader->fetch_since(since, chunk);
    if (!more)
      return result_.fail("P7: the log of " + which.name
                          + " cannot be read: " + more.error().message);
    if (more->empty())
      return;
    for (const auto& next : *more) {
      const auto before = seen.lines.empty() ? line{} : seen.lines.back();
      for (const auto& gone :
           gone_between(which, before.position.sequence, next))
        take(which, seen, gone);
      take(which, seen, next);
    }
  }
}

void log_checker::check_stable(const device& said, const operation_key& made) {
  const auto& own = mirrors_[said.number].lines;
  const auto found = std::ranges::find(own, made, &line::made);
  if (found == own.end() && members_may_be_stale() && is_outlived(said, made))
    return;
  if (found == own.end())
    return result_.fail("P7: " + said.name + " said that operation "
                        + to_string(made.second)
                        + " is stable and does not hold it");
  stable_.insert(found->position);
  auto members = members_at(said, found->position.sequence);
  std::string lacking;
  for (const auto& one : world_.devices)
    if (members[one.id] && !one.lost_log && !one.removed
        && !is_in_log_of(one, made))
      lacking += (lacking.empty() ? "" : ", ") + one.name + " with "
                 + to_string(end_of(one).sequence) + " entries";
  if (!lacking.empty())
    result_.fail("P7: " + said.name + " said that entry "
                 + to_string(found->position.sequence)
                 + " is stable, but not all members hold it: " + lacking);
}

void log_checker::check_settled(const device& said, const operation_key& made) {
  const auto& own = mirrors_[said.number].lines;
  const auto found = std::ranges::find(own, made, &line::made);
  if (found == own.end())
    return result_.fail("P7: " + said.name
                        + " said that a majority holds"
                          " operation "
                        + to_string(made.second)
                        + " and does not hold it itself");
  const auto at = found->position;
  const auto [known, is_new] = settled_.emplace(at.sequence, at);
  if (known->second != at)
    result_.fail("P7: two majorities hold different entries at "
                 + to_string(at.sequence));
  for (const auto& [place, what] : known_)
    if (place.first == at.sequence && at.ballot < place.second)
      result_.fail("P7: a majority held entry " + to_string(at.sequence)
                   + ", and a later leader had ordered another one there");
  std::size_t count = 0;
  std::size_t holders = 0;
  for (const auto& [who, takes_part] : members_at(said, at.sequence)) {
    count += takes_part ? 1U : 0U;
    for (const auto& one : world_.devices)
      if (takes_part && one.id == who
          && std::ranges::find(mirrors_[one.number].lines, at, &line::position)
               != mirrors_[one.number].lines.end())
        ++holders;
  }
  if (2 * holders <= count)
    result_.fail("P7: " + said.name + " said that a majority holds entry "
                 + to_string(at.sequence) + ", but of " + std::to_string(count)
                 + " members only " + std::to_string(holders) + " do");
}

std::map<device_id, bool> log_checker::members_at(const device& which,
                                                  sequence_number at) const {
  std::map<device_id, bool> members;
  if (const auto found = mirrors_.find(which.number); found != mirrors_.end())
    for (const auto& one : found->second.members)
      if (one.at < at)
        members[one.who] = !one.removed;
  return members;
}

void log_checker::step_back(device& which, mirror& what) {
  std::optional<bool> is_anew;
  // What goes because all of the log is fetched anew comes back with it.
  auto stays = [&] {
    if (!is_anew)
      is_anew = has_given_back_all(world_, which);
    return !*is_anew;
  };
  while (!what.lines.empty()) {
    auto& last = what.lines.back();
    auto held = what.reader->head_at(last.position.sequence);
    if (!held)
      return;
    if (*held && (*held)->position == last.position
        && (*held)->chain == last.chain)
      return;
    if (stable_.contains(last.position) && stays()
        && !was_led_astray(last.position) && !is_removal_lost())
      result_.fail("P7: entry " + to_string(last.position.sequence)
                   + " was stable and is gone from the log of " + which.name);
    if (const auto settled = settled_.find(last.position.sequence);
        settled != settled_.end() && settled->second == last.position
        && stays())
      result_.fail("P7: a majority held entry "
                   + to_string(last.position.sequence)
                   + ", and it is gone from the log of " + which.name);
    ++given_back;
    if (which.log_is_unseen)
      gone_with_tables.insert(last.made);
    what.made.erase(last.made);
    if (!what.members.empty()
        && what.members.back().at == last.position.sequence) {
      what.members.pop_back();
      what.members_changed = world_.run.elapsed();
    }
    what.records[last.record] = last.before;
    what.lines.pop_back();
  }
}

void log_checker::take(device& which, mirror& into, const entry& next) {
  const auto chain = into.lines.empty() ? 0 : into.lines.back().chain;
  if (next.chain != chain_of(chain, next))
    result_.fail("P1: the chain breaks at " + named(next) + " on "
                 + which.name);
  check_first_seen(which, next);
  const operation_key made{next.device, next.device_sequence};
  if (!into.made.emplace(made, next.transaction_end).second)
    result_.fail("P3: " + named(next) + " is twice in the log of "
                 + which.name);
  const record_key record{next.model, next.record};
  auto& stands = into.records[record];
  check_version(which, into, next, stands);
  into.lines.push_back({next.position(), next.chain, made, record, stands});
  stands = {next.version, next.position(), next.change == change_type::remove};
  note_member(into, next);
}

void log_checker::check_version(const device& which, mirror& into,
                                const entry& next, const standing& before) {
  if (before.version < next.version)
    return;
  // Seen first on the device that wrote it, which had forgotten that by then.
  if (before.deleted && next.version == version_number{1} && !next.previous
      && next.ballot.device == which.id) {
    const auto held = into.reader->head_at(before.at.sequence);
    if (held && !*held)
      anew_.insert(next.position());
  }
  if (!anew_.contains(next.position()))
    result_.fail(
      "P6: the version does not rise at " + named(next) + " on " + which.name
      + ": version " + to_string(next.version) + " of " + next.model + " "
      + to_string(next.record) + " after " + to_string(before.version) + " at "
      + to_string(before.at.sequence) + (before.deleted ? ", a deletion" : ""));
}

void log_checker::note_member(mirror& into, const entry& next) {
  if (next.model == member_model && next.change != change_type::remove) {
    into.members.push_back({next.sequence, device_id{next.record.bytes},
                            says_removed(next), world_.run.elapsed()});
    into.members_changed = world_.run.elapsed();
  }
}

const log_checker::membership* log_checker::membership_of(const device& which,
                                                          device_id who) const {
  const auto found = mirrors_.find(which.number);
  if (found == mirrors_.end())
    return nullptr;
  for (const auto& one : found->second.members | std::views::reverse)
    if (one.who == who)
      return &one;
  return nullptr;
}

duration log_checker::members_changed(const device& which) const {
  const auto found = mirrors_.find(which.number);
  return found == mirrors_.end() ? duration{} : found->second.members_changed;
}

bool log_checker::is_removed(const device& which) const {
  const auto all = [](const device&) {
    return true;
  };
  return std::ranges::any_of(world_.devices, [&](const device& says) {
    const auto* said = membership_of(says, which.id);
    // Who is apart with few others may say it where nobody hears of it.
    return says.number != which.number && said != nullptr && said->removed
           && company_of(says, all).size() >= company_of(which, all).size();
  });
}

bool log_checker::was_let_in_by_a_lost_one(const device& which) const {
  std::set<owner> seen;
  const auto* guest = &which;
  // Two that joined again may name each other as hosts.
  while (seen.insert(guest->number).second) {
    const auto host
      = std::ranges::find(world_.devices, guest->joined_from, &device::id);
    if (host == world_.devices.end() || host->number == which.number)
      return false;
    if (is_removed(*host)
        || (host->lost_log && guest->joined_at <= host->log_lost_at))
      return true;
    guest = &*host;
  }
  return false;
}

bool log_checker::name_each_other(const device& a, const device& b) const {
  const auto* of_b = membership_of(a, b.id);
  const auto* of_a = membership_of(b, a.id);
  return of_b != nullptr && !of_b->removed && of_a != nullptr && !of_a->removed;
}

std::set<owner> log_checker::company_of(
  const device& first,
  const std::function<bool(const device&)>& takes_part) const {
  std::set<owner> company{first.number};
  std::vector<const device*> next{&first};
  while (!next.empty()) {
    const auto& one = *next.back();
    next.pop_back();
    for (const auto& other : world_.devices)
      if (takes_part(other) && name_each_other(one, other)
          && company.insert(other.number).second)
        next.push_back(&other);
  }
  return company;
}

std::set<owner> log_checker::largest_company() const {
  auto takes_part = [this](const device& one) {
    return !is_removed(one);
  };
  std::set<owner> largest;
  for (const auto& first : world_.devices) {
    if (is_removed(first) || end_of(first).sequence.value == 0)
      continue;
    auto company = company_of(first, takes_part);
    if (company.size() > largest.size())
      largest = std::move(company);
  }
  return largest;
}

bool log_checker::is_out(const device& which) const {
  if (is_removed(which))
    return true;
  const bool is_named
    = std::ranges::any_of(world_.devices, [&](const device& says) {
        return says.number != which.number && !is_removed(says)
               && membership_of(says, which.id) != nullptr;
      });
  const bool is_alone
    = std::ranges::none_of(world_.devices, [&](const device& one) {
        return one.number != which.number && !is_removed(one)
               && end_of(one).sequence.value != 0;
      });
  const auto largest = largest_company();
  if (largest.contains(which.number))
    return false;
  return (which.shared_once && !is_named && !is_alone)
         || was_let_in_by_a_lost_one(which) || removed_one_of(which, largest)
         || forgot_letting_in(which, largest);
}

bool log_checker::forgot_letting_in(const device& which,
                                    const std::set<owner>& company) const {
  const auto own
    = company_of(which, [this](const device& one) { return !is_removed(one); });
  return std::ranges::any_of(world_.devices, [&](const device& guest) {
    return company.contains(guest.number)
           && std::ranges::any_of(world_.devices, [&](const device& host) {
                return own.contains(host.number) && host.lost_log
                       && host.id == guest.joined_from
                       && guest.joined_at <= host.log_lost_at;
              });
  });
}

bool log_checker::removed_one_of(const device& which,
                                 const std::set<owner>& company) const {
  return std::ranges::any_of(world_.devices, [&](const device& one) {
    const auto* said = membership_of(which, one.id);
    return said != nullptr && said->removed && company.contains(one.number);
  });
}

bool log_checker::is_in_log_of(const device& which,
                               const operation_key& made) const {
  const auto found = mirrors_.find(which.number);
  return found != mirrors_.end() && found->second.made.contains(made);
}

bool log_checker::is_elsewhere(const device& than,
                               const operation_key& made) const {
  return std::ranges::any_of(world_.devices, [&](const device& one) {
    return one.number != than.number && !one.removed && is_in_log_of(one, made)
           && mirrors_.at(one.number).made.at(made) <= end_of(one).sequence;
  });
}

void log_checker::check_first_seen(device& which, const entry& next) {
  const auto [known, is_new]
    = known_.try_emplace({next.sequence, next.ballot}, next);
  if (is_new && next.ballot.device != which.id)
    result_.fail("P2: " + named(next) + " appears on " + which.name
                 + ", which does not hold its ballot");
  if (const auto settled = settled_.find(next.sequence);
      is_new && settled != settled_.end()
      && settled->second.ballot < next.ballot)
    result_.fail("P7: a majority held another entry where " + named(next)
                 + " stands now on " + which.name);
  if (!is_new && known->second.chain != next.chain)
    result_.fail("P1: " + named(next) + " on " + which.name
                 + " ends another log than on the device that had it first");
}

void log_checker::forget(device& which) {
  auto& seen = mirrors_[which.number];
  seen.reader.reset();
  seen.changes = 0;
}

void log_checker::forget_log(device& which) {
  mirrors_.erase(which.number);
  copies_.erase(which.number);
}

std::set<log_position> log_checker::held_by(const device& which) const {
  if (const auto copy = copies_.find(which.number); copy != copies_.end())
    return copy->second;
  std::set<log_position> held;
  if (const auto found = mirrors_.find(which.number); found != mirrors_.end())
    for (const auto& one : found->second.lines)
      held.insert(one.position);
  return held;
}

void log_checker::put_back(device& which, std::set<log_position> copy) {
  forget_log(which);
  for (const auto& at : stable_)
    if (!copy.contains(at))
      lacked_by_[at].insert(which.number);
  copies_[which.number] = std::move(copy);
  std::set<log_position> held;
  for (const auto& one : world_.devices)
    if (!one.removed)
      held.merge(held_by(one));
  std::erase_if(settled_,
                [&](const auto& one) { return !held.contains(one.second); });
}

std::uint64_t log_checker::forgetful() const {
  return static_cast<std::uint64_t>(
    std::ranges::count_if(mirrors_, [](const auto& one) {
      const auto& reader = one.second.reader;
      return reader
             && reader->forgotten().value_or(forgotten_deletions{}).through;
    }));
}

bool log_checker::is_removal_lost() const {
  auto is_known = [this](device_id who) {
    return std::ranges::any_of(world_.devices, [&](const device& says) {
      const auto* said = membership_of(says, who);
      return said != nullptr && said->removed;
    });
  };
  return std::ranges::any_of(world_.devices, &device::lost_log)
         && std::ranges::any_of(
           known_ | std::views::values, [&](const entry& what) {
             return removes_member(what)
                    && !is_known(device_id{what.record.bytes});
           });
}

bool log_checker::was_led_astray(const log_position& from) const {
  const auto lacking = lacked_by_.find(from);
  if (lacking == lacked_by_.end())
    return false;
  auto is_of_removed = [this](const line& one) {
    return std::ranges::any_of(world_.devices, [&](const device& leader) {
      return leader.id == one.position.ballot.device && is_removed(leader);
    });
  };
  return std::ranges::any_of(lacking->second, [&](owner which) {
    const auto found = mirrors_.find(which);
    return found != mirrors_.end()
           && std::ranges::any_of(found->second.lines, is_of_removed);
  });
}

log_position log_checker::end_of(const device& which) const {
  const auto found = mirrors_.find(which.number);
  return found == mirrors_.end() || found->second.lines.empty()
           ? log_position{}
           : found->second.lines.back().position;
}

std::vector<entry> log_checker::gone_between(const device& which,
                                             sequence_number last,
                                             const entry& next) {
  std::vector<entry> list;
  // Backwards: what an entry continues is certain, while logs that were cut may
  // have gone on otherwise after any of them.
  const auto* after = &next;
  for (auto at = next.sequence - 1; last < at; at = at - 1) {
    const auto found = std::find_if(
      known_.lower_bound({at, {}}), known_.lower_bound({at + 1, {}}),
      [&](const auto& one) {
        return after->chain == chain_of(one.second.chain, *after);
      });
    if (found == known_.lower_bound({at + 1, {}})) {
      result_.fail("P1: the log of " + which.name + " lacks entry "
                   + to_string(at));
      break;
    }
    list.push_back(found->second);
    after = &found->second;
  }
  std::ranges::reverse(list);
  return list;
}

std::vector<entry>
log_checker::outlived_by(const std::vector<entry>& log) const {
  std::set<operation_key> held;
  for (const auto& what : log)
    held.insert({what.device, what.device_sequence});
  std::multimap<sequence_number, const entry*> later;
  for (const auto& [place, what] : known_)
    later.emplace(what.previous, &what);
  std::vector<entry> list;
  // Backwards, as each is outlived by one after it.
  for (const auto& [place, what] : known_ | std::views::reverse) {
    const operation_key made{what.device, what.device_sequence};
    if (held.contains(made))
      continue;
    const auto [first, last] = later.equal_range(what.sequence);
    const bool outlived = std::any_of(first, last, [&](const auto& one) {
      const auto& next = *one.second;
      return next.model == what.model && next.record == what.record
             && next.version == what.version + 1
             && held.contains({next.device, next.device_sequence});
    });
    if (outlived && held.insert(made).second)
      list.push_back(what);
  }
  return list;
}

bool log_checker::members_may_be_stale() const {
  const auto limit = world_.limits.member.stale_after;
  return limit != duration::zero() && limit < std::chrono::hours{24};
}

bool log_checker::is_outlived(const device& which,
                              const operation_key& made) const {
  std::vector<entry> log;
  for (const auto& one : mirrors_.at(which.number).lines)
    log.push_back(known_.at({one.position.sequence, one.position.ballot}));
  const auto outlived = outlived_by(log);
  return std::ranges::any_of(outlived, [&](const entry& what) {
    return operation_key{what.device, what.device_sequence} == made;
  });
}

std::vector<entry> log_checker::read_all(device& which) {
  calm_disk calm{*which.disk};
  std::vector<entry> list;
  auto& seen = mirrors_[which.number];
  while (open(which, seen)) {
    const auto since = list.empty() ? sequence_number{} : list.back().sequence;
    auto more = seen.reader->fetch_since(since, chunk);
    if (!more || more->empty())
      break;
    for (const auto& next : *more) {
      const auto before = list.empty() ? entry{} : list.back();
      for (auto& gone : gone_between(which, before.sequence, next))
        list.push_back(std::move(gone));
      list.push_back(next);
    }
  }
  return list;
}

} // namespace lockstep::simulation

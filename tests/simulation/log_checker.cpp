#include "tests/simulation/log_checker.hpp"

#include "messages/operation.hpp"
#include "protocol/chain.hpp"

#include <algorithm>

namespace lockstep::simulation {

namespace {

constexpr std::uint32_t chunk = 1'000;

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
  step_back(which, seen);
  for (;;) {
    const auto since = seen.lines.empty() ? sequence_number{}
                                          : seen.lines.back().position.sequence;
    auto more = seen.reader->fetch_since(since, chunk);
    if (!more)
      return result_.fail("P7: the log of " + which.name
                          + " cannot be read: " + more.error().message);
    if (more->empty())
      return;
    for (const auto& next : *more)
      take(which, seen, next);
  }
}

void log_checker::check_stable(const device& said, const operation_key& made) {
  const auto& own = mirrors_[said.number].lines;
  const auto found = std::ranges::find(own, made, &line::made);
  if (found == own.end())
    return result_.fail("P7: " + said.name + " said that operation "
                        + to_string(made.second)
                        + " is stable and does not hold it");
  stable_.insert(found->position);
  std::set<record_id> members;
  for (auto at = own.begin(); at != found; ++at)
    if (at->record.first == member_model)
      members.insert(at->record.second);
  for (const auto& one : world_.devices)
    if (members.contains(record_id{one.id.bytes})
        && !mirrors_[one.number].made.contains(made))
      result_.fail("P7: " + said.name + " said that entry "
                   + to_string(found->position.sequence) + " is stable, but "
                   + one.name + " does not hold it: it has "
                   + std::to_string(length_of(one)) + " entries");
}

void log_checker::step_back(const device& which, mirror& what) {
  while (!what.lines.empty()) {
    auto& last = what.lines.back();
    auto held = what.reader->head_at(last.position.sequence);
    if (!held)
      return;
    if (*held && (*held)->position == last.position
        && (*held)->chain == last.chain)
      return;
    if (stable_.contains(last.position))
      result_.fail("P7: entry " + to_string(last.position.sequence)
                   + " was stable and is gone from the log of " + which.name);
    ++given_back;
    what.made.erase(last.made);
    what.versions[last.record] = last.version_before;
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
  if (!into.made.insert(made).second)
    result_.fail("P3: " + named(next) + " is twice in the log of "
                 + which.name);
  const record_key record{next.model, next.record};
  auto& version = into.versions[record];
  if (!(version < next.version))
    result_.fail("P6: the version does not rise at " + named(next) + " on "
                 + which.name);
  into.lines.push_back({next.position(), next.chain, made, record, version});
  version = next.version;
}

void log_checker::check_first_seen(device& which, const entry& next) {
  const auto [known, is_new]
    = known_.try_emplace({next.sequence, next.ballot}, next.chain);
  if (is_new && next.ballot.device != which.id)
    result_.fail("P2: " + named(next) + " appears on " + which.name
                 + ", which does not hold its ballot");
  if (!is_new && known->second != next.chain)
    result_.fail("P1: " + named(next) + " on " + which.name
                 + " ends another log than on the device that had it first");
}

void log_checker::forget(device& which) {
  auto& seen = mirrors_[which.number];
  seen.reader.reset();
  seen.changes = 0;
}

std::size_t log_checker::length_of(const device& which) const {
  const auto found = mirrors_.find(which.number);
  return found == mirrors_.end() ? 0 : found->second.lines.size();
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
    list.insert(list.end(), more->begin(), more->end());
  }
  return list;
}

} // namespace lockstep::simulation

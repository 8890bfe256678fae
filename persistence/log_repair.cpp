#include "persistence/log_repair.hpp"

#include "persistence/damaged_file.hpp"
#include "protocol/accepted_set.hpp"
#include "protocol/begin_apart.hpp"
#include "protocol/chain.hpp"
#include "protocol/forgetting.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace lockstep {

namespace {

constexpr std::uint32_t log_page = 1'000;
/// More elections than there can have been since the last entry that is left.
constexpr std::uint64_t elections_most = 1'000'000;

/// What is wrong with an entry that follows on `before`; empty if nothing is.
std::string complaint(const log_head& before, const entry& next,
                      sequence_number vacuumed) {
  const auto name = "entry " + to_string(next.sequence);
  const bool follows
    = next.sequence.value == before.position.sequence.value + 1;
  if (next.sequence <= before.position.sequence
      || next.ballot < before.position.ballot)
    return name + " is out of order";
  if (!follows && vacuumed + 1 < next.sequence)
    return "entries before " + name + " are missing";
  if (follows && next.chain != chain_of(before.chain, next))
    return name + " is not as it was written";
  return {};
}

/// Reads a log that may be damaged, as long as all is right.
class log_walk {
public:
  explicit log_walk(const sync_log_reader& log)
    : log_(log), vacuumed_(log.vacuumed_through().value_or(sequence_number{})) {
  }

  /// The next entries that are right; none at the end, or where `why` begins.
  std::vector<entry> next() {
    if (!why_.empty())
      return {};
    auto list = log_.fetch_since(last_.position.sequence, limit_);
    // What lies on whole pages before the damaged one can be read one by one.
    if (!list && limit_ != 1) {
      limit_ = 1;
      list = log_.fetch_since(last_.position.sequence, limit_);
    }
    if (!list) {
      why_ = list.error().message;
      return {};
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto& what = (*list)[i];
      why_ = complaint(last_, what, vacuumed_);
      if (!why_.empty()) {
        list->resize(i);
        break;
      }
      last_ = {what.position(), what.chain};
      if (what.sequence == what.transaction_end)
        whole_ = last_;
    }
    return std::move(*list);
  }

  [[nodiscard]] const std::string& why() const {
    return why_;
  }
  [[nodiscard]] const log_head& whole() const {
    return whole_;
  }
  [[nodiscard]] const log_head& last() const {
    return last_;
  }

private:
  const sync_log_reader& log_;
  sequence_number vacuumed_;
  std::uint32_t limit_ = log_page;
  log_head last_;
  log_head whole_;
  std::string why_;
};

/// Copies entries; the highest number of each device among them, as far as
/// their transactions are whole.
expected<std::map<device_id, device_sequence_number>>
copy_entries(log_walk& from, sync_log_store& to) {
  std::map<device_id, device_sequence_number> highest;
  std::map<device_id, device_sequence_number> open;
  auto raise = [](auto& numbers, device_id device, device_sequence_number to) {
    numbers[device] = std::max(numbers[device], to);
  };
  for (;;) {
    const auto before = from.last().position;
    const auto list = from.next();
    if (list.empty())
      break;
    if (auto appended = to.append(list.back().ballot, before, list); !appended)
      return tl::make_unexpected(appended.error());
    for (const auto& what : list) {
      raise(open, what.device, what.device_sequence);
      if (what.sequence != what.transaction_end)
        continue;
      for (const auto& [device, number] : open)
        raise(highest, device, number);
      open.clear();
    }
  }
  if (auto cut = to.truncate_after(from.whole().position.sequence); !cut)
    return tl::make_unexpected(cut.error());
  return highest;
}

/// What the log held and vacuum removed stays accepted. Numbers above the ones
/// that are left may be of entries that are lost here, and come again.
expected<void>
copy_accepted(const sync_log_reader& from, sync_log_store& to,
              const std::map<device_id, device_sequence_number>& highest) {
  const auto ranges = from.accepted();
  if (!ranges)
    return {};
  std::vector<accepted_range> kept;
  for (auto range : *ranges) {
    const auto found = highest.find(range.device);
    if (found == highest.end() || found->second < range.first)
      continue;
    range.last = std::min(range.last, found->second);
    kept.push_back(range);
  }
  return to.accept(kept);
}

/// Others may have to fetch it from its beginning where nobody can say.
expected<void> copy_forgotten(const sync_log_reader& from, sync_log_store& to) {
  return to.head().and_then([&](const log_head& end) {
    return to.note_forgotten(from.forgotten().value_or(unknown_deletions(end)));
  });
}

leadership_record promises_of(const std::optional<leadership_record>& read,
                              const log_head& end, device_id own) {
  if (read)
    return *read;
  leadership_record made;
  const auto& last = end.position.ballot;
  made.current = last;
  made.vote = {term_number{last.term.value + elections_most}, own};
  return made;
}

/// What is wrong with the end or the operations that a log says it has, once
/// all of it was walked; empty if nothing is.
expected<std::string> complaint_of_state(const sync_log_reader& log,
                                         const log_walk& walk,
                                         bool lacks_operation) {
  return log.head().map([&](const log_head& end) -> std::string {
    if (end != walk.last())
      return "it does not end where it says that it ends";
    if (lacks_operation)
      return "it does not say of all operations in it that it holds them";
    return {};
  });
}

} // namespace

expected<log_finding> examine_log(const std::filesystem::path& file) {
  const auto log = sync_log_reader::open(file);
  if (!log)
    return tl::make_unexpected(log.error());
  const auto ranges = log->accepted();
  if (!ranges)
    return tl::make_unexpected(ranges.error());
  const accepted_set accepted{*ranges};
  bool lacks_operation = false;
  log_walk walk{*log};
  for (auto list = walk.next(); !list.empty(); list = walk.next())
    for (const auto& what : list)
      lacks_operation
        |= what.device_sequence
           && !accepted.contains(what.device, what.device_sequence);
  // Also those that no entry needs: the writer does.
  const auto dictionaries = log->damaged_dictionaries();
  auto why = walk.why();
  if (why.empty() && !dictionaries)
    why = dictionaries.error().message;
  else if (why.empty() && !dictionaries->empty())
    why = dictionaries->front();
  if (why.empty()) {
    auto said = complaint_of_state(*log, walk, lacks_operation);
    if (!said)
      return tl::make_unexpected(said.error());
    why = std::move(*said);
  }
  return log_finding{walk.whole(), std::move(why)};
}

expected<void> forget_promises(sync_log_store& log, device_id own,
                               timestamp now) {
  return log.leadership().and_then([&](leadership_record record) {
    const auto last = std::max(record.current.term, record.vote.term);
    const auto seconds = now.unix_ms() / 1'000;
    record.vote
      = {term_number{begin_apart(last.value, seconds, elections_most)}, own};
    record.leader = {};
    record.lease_end = {};
    return log.store_leadership(record);
  });
}

expected<log_head> rebuild_log(const std::filesystem::path& damaged,
                               const std::filesystem::path& made, device_id own,
                               bool may_lead_on) {
  auto to = sync_log_store::open(made);
  if (!to)
    return tl::make_unexpected(to.error());
  std::optional<leadership_record> promised;
  const at_full_length all_of_it{damaged};
  const auto from = sync_log_reader::open(damaged);
  if (!from
      && (from.error().code == errc::newer_format
          || from.error().code == errc::busy))
    return tl::make_unexpected(from.error());
  // Where nothing of it can be read, it begins anew.
  if (from) {
    if (auto read = from->leadership())
      promised = *read;
    // Where some were packed, all are now: how a log is kept decides its
    // writer, and a repair does not know the settings.
    if (const auto bytes = from->newest_dictionary(); bytes && !bytes->empty())
      if (auto adopted = to->adopt_dictionary(*bytes); !adopted)
        return tl::make_unexpected(adopted.error());
    log_walk walk{*from};
    auto highest = copy_entries(walk, *to);
    if (!highest)
      return tl::make_unexpected(highest.error());
    if (auto kept = copy_accepted(*from, *to, *highest); !kept)
      return tl::make_unexpected(kept.error());
    if (auto kept = copy_forgotten(*from, *to); !kept)
      return tl::make_unexpected(kept.error());
  }
  const auto end = to->head();
  if (!end)
    return end;
  auto record = promises_of(promised, *end, own);
  record.current = std::max(record.current, end->position.ballot);
  record.vote = std::max(record.vote, record.current);
  // Others may hold what was cut: then nobody leads on under the old ballot.
  if (!may_lead_on) {
    record.leader = {};
    record.lease_end = {};
  }
  return to->store_leadership(record).map([&] { return *end; });
}

} // namespace lockstep

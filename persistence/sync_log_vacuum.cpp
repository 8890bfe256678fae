#include "persistence/sync_log_vacuum.hpp"

#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"
#include "protocol/forgetting.hpp"

#include <algorithm>
#include <limits>

namespace lockstep {

namespace {

/// Sequences looked at in one pass over the log: one bit of memory each.
constexpr std::uint64_t part_size = std::uint64_t{1} << 23;

/// Entries that one step looks at, and that one step may remove.
constexpr std::uint32_t look_size = 1'000;
constexpr std::uint32_t remove_size = 250;

/// Bytes of images that one step archives.
constexpr std::size_t archive_size = std::size_t{16} << 20;

/// The first entry at or after `sequence`; 0 for none.
std::uint64_t first_entry(statement_cache& statements, std::uint64_t sequence) {
  auto row = statements.use("SELECT sequence FROM sync_log WHERE sequence >= ? "
                            "ORDER BY sequence LIMIT 1");
  row->bind(1, search_bound(sequence_number{sequence}));
  return row->executeStep() ? from_sql(row->getColumn(0).getInt64()) : 0;
}

/// Which transaction the last entry before `sequence` belongs to; 0 for none.
std::uint64_t transaction_before(statement_cache& statements,
                                 std::uint64_t sequence) {
  auto row
    = statements.use("SELECT transaction_end FROM sync_log WHERE sequence < ? "
                     "ORDER BY sequence DESC LIMIT 1");
  row->bind(1, to_sql(sequence));
  return row->executeStep() ? from_sql(row->getColumn(0).getInt64()) : 0;
}

std::uint64_t pragma(SQLite::Database& database, const char* name) {
  return from_sql(
    database.execAndGet(std::string{"PRAGMA "} + name).getInt64());
}

/// What of the file holds something.
std::uint64_t bytes_used(SQLite::Database& database) {
  return (pragma(database, "page_count") - pragma(database, "freelist_count"))
         * pragma(database, "page_size");
}

} // namespace

sync_log_vacuum::sync_log_vacuum(sync_log_store& log,
                                 const vacuum_old_entries& wish)
  : log_(*log.connection_), before_(wish.before),
    forget_through_(wish.forget_through.value), bound_(wish.through.value) {
  if (wish.archive)
    archive_.emplace(log_.file.parent_path() / "archive");
}

expected<bool> sync_log_vacuum::step() {
  switch (phase_) {
    case phase::beginning:
      return begin();
    case phase::looking:
      return look();
    case phase::removing:
      break;
  }
  return remove();
}

expected<bool> sync_log_vacuum::begin() {
  return log_.run<bool>([&] {
    result_.bytes_before = result_.bytes_after = bytes_used(*log_.database);
    bound_ = std::min(bound_, log_.head().position.sequence.value);
    // The entry at the end stays: a log ends there, this one or that of the
    // member that is furthest behind, and must find its end again.
    end_ = bound_ == 0 ? 0 : bound_ - 1;
    // What it takes for another record in this vacuum, it may not in the next.
    held_ = record_filter{log_.count(), before_.packed};
    return begin_part(first_entry(log_.statements, 1));
  });
}

bool sync_log_vacuum::begin_part(std::uint64_t first) {
  if (first == 0 || first > end_) {
    result_.bytes_after = bytes_used(*log_.database);
    return false;
  }
  first_ = first;
  at_ = first - 1;
  superseded_.assign(
    static_cast<std::size_t>(std::min(part_size, end_ - first + 1)), false);
  newest_.clear();
  phase_ = phase::looking;
  return true;
}

void sync_log_vacuum::note_young(timestamp made) {
  auto& oldest = result_.oldest_young;
  oldest = std::min(oldest.value_or(made), made);
}

void sync_log_vacuum::note_bases(std::uint64_t after) {
  // INTEGERs are signed.
  const auto before = std::min(
    before_.packed, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  auto rows = log_.statements.use(
    "INSERT OR IGNORE INTO vacuumed_base SELECT later.sequence, base.device,"
    " base.device_sequence FROM sync_log later JOIN sync_log base ON"
    " base.sequence = later.previous WHERE later.sequence > ?1 AND"
    " later.sequence <= ?2 AND later.timestamp < ?3 AND base.timestamp < ?3");
  rows->bind(1, to_sql(after));
  rows->bind(2, to_sql(at_));
  rows->bind(3, to_sql(before));
  rows->exec();
}

expected<bool> sync_log_vacuum::look() {
  return log_.write<bool>([&] {
    const auto after = at_;
    auto rows = log_.statements.use(
      "SELECT sequence, previous, device, device_sequence, timestamp FROM"
      " sync_log WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT "
      "?");
    rows->bind(1, to_sql(at_));
    rows->bind(2, to_sql(bound_));
    rows->bind(3, look_size);
    std::uint32_t seen = 0;
    for (; rows->executeStep(); ++seen) {
      at_ = from_sql(rows->getColumn(0).getInt64());
      const auto previous = from_sql(rows->getColumn(1).getInt64());
      const timestamp made{from_sql(rows->getColumn(4).getInt64())};
      if (previous != 0 && !(made < before_))
        note_young(made);
      else if (previous >= first_ && previous <= last_of_part()
               && previous < at_)
        superseded_[static_cast<std::size_t>(previous - first_)] = true;
      auto& newest = newest_[rows->getColumn(2).getInt64()];
      newest = std::max(newest, {from_sql(rows->getColumn(3).getInt64()), at_});
    }
    rows->reset();
    note_bases(after);
    if (seen < look_size) {
      phase_ = phase::removing;
      at_ = first_;
    }
    return true;
  });
}

/// A deletion that nothing follows on goes with what stood before it: else that
/// would be what its record is.
bool sync_log_vacuum::may_be_forgotten(const candidate& what) {
  if (!what.is_deletion || held_.may_hold(what.model, what.record))
    return false;
  const bool is_old = what.made < before_;
  if (!is_old)
    note_young(what.made);
  return is_old && what.sequence() <= forget_through_;
}

bool sync_log_vacuum::is_outdated(const candidate& what, bool closes_others) {
  const auto newest = newest_.find(what.device);
  const bool may_go
    = !closes_others
      && (newest == newest_.end() || newest->second.second != what.sequence());
  if (!what.is_superseded)
    return may_go && may_be_forgotten(what);
  if (!(what.made < before_))
    note_young(what.made);
  return may_go && what.made < before_;
}

/// Those that can go of the next entries; moves on behind these.
std::vector<sync_log_vacuum::candidate> sync_log_vacuum::outdated_ones() {
  auto transaction = transaction_before(log_.statements, at_);
  auto rows = log_.statements.use(
    "SELECT sequence, timestamp, transaction_end, device, model, record_id,"
    " change_type, chain FROM sync_log WHERE sequence BETWEEN ? AND ?"
    " ORDER BY sequence LIMIT ?");
  rows->bind(1, to_sql(at_));
  rows->bind(2, to_sql(last_of_part()));
  rows->bind(3, remove_size);
  std::vector<candidate> outdated;
  std::uint32_t looked_at = 0;
  for (; rows->executeStep(); ++looked_at) {
    candidate what;
    const auto sequence = from_sql(rows->getColumn(0).getInt64());
    what.end = {{{}, sequence_number{sequence}},
                from_sql(rows->getColumn(7).getInt64())};
    what.made = timestamp{from_sql(rows->getColumn(1).getInt64())};
    what.device = rows->getColumn(3).getInt64();
    what.model = rows->getColumn(4).getInt64();
    what.record = read_id<record_id>(rows->getColumn(5));
    what.is_deletion
      = rows->getColumn(6).getInt() == static_cast<int>(change_type::remove);
    what.is_superseded
      = superseded_[static_cast<std::size_t>(sequence - first_)];
    at_ = sequence + 1;
    // A transaction keeps its end as long as anything of it is there.
    if (is_outdated(what, transaction == sequence)) {
      outdated.push_back(what);
      continue;
    }
    transaction = from_sql(rows->getColumn(2).getInt64());
    // Also what nothing left in the log supersedes any more.
    held_.add(what.model, what.record);
  }
  part_ends_ = looked_at < remove_size;
  return outdated;
}

expected<std::size_t>
sync_log_vacuum::archive(const std::vector<candidate>& outdated) {
  std::vector<entry> list;
  std::size_t bytes = 0;
  for (const auto& what : outdated) {
    auto row = log_.statements.use("SELECT " + std::string{entry_columns}
                                   + " FROM sync_log WHERE sequence = ?");
    row->bind(1, to_sql(what.sequence()));
    if (!row->executeStep())
      found_damage("an entry is gone");
    list.push_back(read_entry(*row, log_.names, log_.dictionaries));
    bytes += list.back().data.size();
    if (bytes >= archive_size)
      break;
  }
  return archive_->add(list).map([&] { return list.size(); });
}

void sync_log_vacuum::erase(const std::vector<candidate>& outdated) {
  log_.count_entries();
  auto forgotten = log_.forgotten();
  for (const auto* table : {"sync_log", "vacuumed_base"}) {
    auto remove = log_.statements.use("DELETE FROM " + std::string{table}
                                      + " WHERE sequence = ?");
    for (const auto& what : outdated) {
      remove->bind(1, to_sql(what.sequence()));
      remove->exec();
      remove->reset();
    }
  }
  for (const auto& what : outdated)
    if (!what.is_superseded)
      forgotten = forget(forgotten, what.end);
  log_.store_forgotten(forgotten);
  auto state
    = log_.statements.use("UPDATE log_state SET entries = entries - ?, "
                          "vacuumed_through = max(vacuumed_through, ?)");
  state->bind(1, to_sql(outdated.size()));
  state->bind(2, to_sql(outdated.back().sequence()));
  state->exec();
}

expected<bool> sync_log_vacuum::remove() {
  auto outdated
    = log_.run<std::vector<candidate>>([&] { return outdated_ones(); });
  if (!outdated)
    return tl::make_unexpected(outdated.error());
  if (archive_ && !outdated->empty()) {
    const auto kept = log_.run<std::size_t>([&] { return archive(*outdated); });
    if (!kept)
      return tl::make_unexpected(kept.error());
    result_.archived += *kept;
    if (*kept < outdated->size()) {
      at_ = (*outdated)[*kept].sequence();
      part_ends_ = false;
      outdated->resize(*kept);
    }
  }
  if (!outdated->empty()) {
    const auto done = log_.write<bool>([&] {
      erase(*outdated);
      return true;
    });
    if (!done)
      return done;
    result_.removed += outdated->size();
    result_.forgotten += static_cast<std::uint64_t>(
      std::ranges::count(*outdated, false, &candidate::is_superseded));
  }
  if (!part_ends_)
    return true;
  return log_.run<bool>([&] {
    return begin_part(first_entry(log_.statements, last_of_part() + 1));
  });
}

} // namespace lockstep

#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"

#include <algorithm>

namespace lockstep {

namespace {

/// Sequences looked at in one pass over the log: one bit of memory each.
constexpr std::uint64_t window_size = std::uint64_t{1} << 23;

/// Entries looked at in one transaction.
constexpr std::uint32_t step_size = 10'000;

/// Which entries of a part of the log a later one supersedes.
struct window {
  std::uint64_t first = 0;
  std::vector<bool> superseded;

  [[nodiscard]] bool holds(std::uint64_t sequence) const {
    return sequence >= first && sequence - first < superseded.size();
  }
  [[nodiscard]] std::uint64_t last() const {
    return first + superseded.size() - 1;
  }
};

/// The first entry at or after `sequence`; 0 for none.
std::uint64_t first_entry(statement_cache& statements, std::uint64_t sequence) {
  auto row = statements.use("SELECT sequence FROM sync_log WHERE sequence >= ? "
                            "ORDER BY sequence LIMIT 1");
  row->bind(1, search_bound(sequence_number{sequence}));
  return row->executeStep() ? from_sql(row->getColumn(0).getInt64()) : 0;
}

window look_for_superseded(statement_cache& statements, std::uint64_t first,
                           std::uint64_t through) {
  window part{first, std::vector<bool>(static_cast<std::size_t>(
                       std::min(window_size, through - first + 1)))};
  auto rows = statements.use(
    "SELECT sequence, previous FROM sync_log WHERE sequence > ?");
  rows->bind(1, to_sql(first));
  while (rows->executeStep()) {
    auto previous = from_sql(rows->getColumn(1).getInt64());
    if (previous < from_sql(rows->getColumn(0).getInt64())
        && part.holds(previous))
      part.superseded[static_cast<std::size_t>(previous - first)] = true;
  }
  return part;
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

struct step_result {
  std::uint64_t removed = 0;
  std::uint64_t next = 0; ///< Where to go on; 0 at the end of the window.
};

/// Removes what can go among the entries from `from` on.
step_result vacuum_step(statement_cache& statements, const window& part,
                        std::uint64_t from, timestamp before) {
  auto transaction = transaction_before(statements, from);
  auto rows = statements.use(
    "SELECT sequence, timestamp, transaction_end FROM sync_log "
    "WHERE sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?");
  rows->bind(1, to_sql(from));
  rows->bind(2, to_sql(part.last()));
  rows->bind(3, step_size);
  std::vector<std::uint64_t> outdated;
  std::uint64_t looked_at = 0;
  std::uint64_t last = 0;
  for (; rows->executeStep(); ++looked_at) {
    last = from_sql(rows->getColumn(0).getInt64());
    // A transaction keeps its end as long as anything of it is there.
    auto closes_others = transaction == last;
    if (!closes_others
        && timestamp{from_sql(rows->getColumn(1).getInt64())} < before
        && part.superseded[static_cast<std::size_t>(last - part.first)])
      outdated.push_back(last);
    else
      transaction = from_sql(rows->getColumn(2).getInt64());
  }
  rows->reset();

  auto remove = statements.use("DELETE FROM sync_log WHERE sequence = ?");
  for (auto sequence : outdated) {
    remove->bind(1, to_sql(sequence));
    remove->exec();
    remove->reset();
  }
  if (!outdated.empty()) {
    auto state = statements.use("UPDATE log_state SET entries = entries - ?, "
                                "vacuumed_through = max(vacuumed_through, ?)");
    state->bind(1, to_sql(outdated.size()));
    state->bind(2, to_sql(outdated.back()));
    state->exec();
  }
  return {outdated.size(), looked_at == step_size ? last + 1 : 0};
}

} // namespace

expected<std::uint64_t>
sync_log_store::vacuum_old_entries(timestamp before, sequence_number through) {
  auto& statements = connection_->statements;
  return connection_->run<std::uint64_t>([&]() -> expected<std::uint64_t> {
    // The entry at the end stays: a log ends there, this one or that of the
    // member that is furthest behind, and must find its end again.
    auto end = std::min(through, connection_->head().position.sequence) - 1;
    std::uint64_t removed = 0;
    std::uint64_t at = first_entry(statements, 1);
    while (at != 0 && at <= end.value) {
      auto part = look_for_superseded(statements, at, end.value);
      for (auto from = part.first; from != 0;) {
        auto step = connection_->write<step_result>(
          [&] { return vacuum_step(statements, part, from, before); });
        if (!step)
          return tl::make_unexpected(step.error());
        removed += step->removed;
        from = step->next;
      }
      at = first_entry(statements, part.last() + 1);
    }
    return removed;
  });
}

} // namespace lockstep

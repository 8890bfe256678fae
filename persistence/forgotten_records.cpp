#include "persistence/forgotten_records.hpp"

#include "persistence/one_transaction.hpp"

#include <vector>

namespace lockstep {

namespace {

/// Rows that one step looks at, in some milliseconds.
constexpr int step_size = 500;

} // namespace

expected<void> forgotten_records::drop_next() {
  const bool tracked = at_ == part::tombstones;
  const auto forgotten = store_.log.forgotten();
  if (!forgotten)
    return tl::make_unexpected(forgotten.error());
  if (!forgotten->through) {
    at_ = part::none;
    return {};
  }
  auto bind_place = [&](SQLite::Statement& to, const place& what) {
    if (tracked)
      to.bind(1, what.tracked);
    else
      to.bind(1, what.model);
    bind_id(to, 2, what.record);
  };
  std::vector<place> gone;
  int seen = 0;
  {
    auto rows = store_.statements.use(
      tracked ? "SELECT model, record_id, sequence, 1 FROM lockstep_tombstone"
                " WHERE (model, record_id) > (?, ?) ORDER BY model, record_id"
                " LIMIT ?"
              : "SELECT model, record_id, sequence, deleted FROM"
                " lockstep_record WHERE (model, record_id) > (?, ?) ORDER BY"
                " model, record_id LIMIT ?");
    bind_place(*rows, after_);
    rows->bind(3, step_size);
    for (; rows->executeStep(); ++seen) {
      if (tracked)
        after_.tracked = rows->getColumn(0).getInt64();
      else
        after_.model = rows->getColumn(0).getString();
      after_.record = read_id<record_id>(rows->getColumn(1));
      const sequence_number deleted_at{
        static_cast<std::uint64_t>(rows->getColumn(2).getInt64())};
      if (rows->getColumn(3).getInt() == 0 || forgotten->through < deleted_at)
        continue;
      const auto held = store_.log.head_at(deleted_at);
      if (!held)
        return tl::make_unexpected(held.error());
      if (!*held)
        gone.push_back(after_);
    }
  }
  auto erase = store_.statements.use(
    tracked ? "DELETE FROM lockstep_tombstone WHERE model = ? AND record_id = ?"
            : "DELETE FROM lockstep_record WHERE model = ? AND record_id = ?");
  for (const auto& what : gone) {
    bind_place(*erase, what);
    erase->exec();
    erase->reset();
  }
  if (seen < step_size) {
    at_ = tracked ? part::records : part::none;
    after_ = {};
  }
  return {};
}

expected<bool> forgotten_records::step() {
  if (at_ == part::none)
    return false;
  return in_one_transaction(store_, durability::with_log,
                            [&] { return drop_next(); })
    .map([&] { return at_ != part::none; });
}

} // namespace lockstep

#include "persistence/sync_log_connection.hpp"

#include "persistence/sync_log_accepted.hpp"
#include "persistence/sync_log_rows.hpp"

namespace lockstep {

log_head sync_log_reader::connection::head() {
  auto row = statements.use("SELECT sequence, ballot, chain FROM sync_log "
                            "ORDER BY sequence DESC LIMIT 1");
  if (!row->executeStep())
    return {};
  return {{names.ballot_of(row->getColumn(1).getInt64()),
           sequence_number{from_sql(row->getColumn(0).getInt64())}},
          from_sql(row->getColumn(2).getInt64())};
}

leadership_record sync_log_reader::connection::leadership() {
  auto row = statements.use(
    "SELECT current_term, current_device, vote_term, vote_device, leader, "
    "lease_end FROM leadership");
  if (!row->executeStep())
    return {};
  leadership_record record;
  record.current = {term_number{from_sql(row->getColumn(0).getInt64())},
                    read_id<device_id>(row->getColumn(1))};
  record.vote = {term_number{from_sql(row->getColumn(2).getInt64())},
                 read_id<device_id>(row->getColumn(3))};
  record.leader = read_id<device_id>(row->getColumn(4));
  record.lease_end
    = wall_time{std::chrono::milliseconds{row->getColumn(5).getInt64()}};
  return record;
}

bool sync_log_reader::connection::has_in_state(const char* column) {
  auto found = statements.use("SELECT 1 FROM pragma_table_info('log_state')"
                              " WHERE name = ?");
  found->bind(1, column);
  return found->executeStep();
}

std::vector<accepted_range> sync_log_reader::connection::accepted_ranges() {
  // In one statement, as the writer may move numbers from one to the other.
  std::string text = "SELECT id, first, last FROM accepted JOIN devices ON"
                     " devices.number = accepted.device";
  if (has_in_state("counted_through"))
    text += " UNION ALL SELECT id, device_sequence, device_sequence FROM"
            " sync_log JOIN devices ON devices.number = sync_log.device WHERE"
            " sequence > (SELECT counted_through FROM log_state) AND"
            " device_sequence > 0";
  auto rows = statements.use(text);
  accepted_set all;
  while (rows->executeStep())
    all.insert(accepted_range{
      read_id<device_id>(rows->getColumn(0)),
      device_sequence_number{from_sql(rows->getColumn(1).getInt64())},
      device_sequence_number{from_sql(rows->getColumn(2).getInt64())}});
  return all.ranges();
}

std::uint64_t sync_log_reader::connection::count() {
  auto row = statements.use(
    has_in_state("counted_through")
      ? "SELECT entries + (SELECT count(*) FROM sync_log WHERE sequence >"
        " counted_through) FROM log_state"
      : "SELECT entries FROM log_state");
  return row->executeStep() ? from_sql(row->getColumn(0).getInt64()) : 0;
}

bool sync_log_reader::connection::is_count_due(sequence_number end) {
  constexpr std::uint64_t uncounted_most = 64;
  auto row = statements.use("SELECT counted_through FROM log_state");
  return !row->executeStep()
         || from_sql(row->getColumn(0).getInt64()) + uncounted_most
              <= end.value;
}

void sync_log_reader::connection::count_entries() {
  accepted_changes accepted{statements, names};
  std::int64_t counted = 0;
  {
    auto rows
      = statements.use("SELECT device, device_sequence FROM sync_log WHERE"
                       " sequence > (SELECT counted_through FROM log_state)");
    for (; rows->executeStep(); ++counted)
      accepted.insert(
        names.device(rows->getColumn(0).getInt64()),
        device_sequence_number{from_sql(rows->getColumn(1).getInt64())});
  }
  if (counted == 0)
    return;
  accepted.store();
  auto state = statements.use(
    "UPDATE log_state SET entries = entries + ?, counted_through ="
    " (SELECT max(sequence) FROM sync_log)");
  state->bind(1, counted);
  state->exec();
}

forgotten_deletions sync_log_reader::connection::forgotten() {
  // A file that no writer has opened for long has forgotten none.
  if (!has_in_state("forgotten_through"))
    return {};
  auto row = statements.use(
    "SELECT forgotten_through, forgotten_digest FROM log_state");
  if (!row->executeStep())
    return {};
  return {sequence_number{from_sql(row->getColumn(0).getInt64())},
          from_sql(row->getColumn(1).getInt64())};
}

void sync_log_reader::connection::store_forgotten(
  const forgotten_deletions& what) {
  auto state = statements.use(
    "UPDATE log_state SET forgotten_through = ?, forgotten_digest = ?");
  state->bind(1, search_bound(what.through));
  state->bind(2, to_sql(what.digest));
  state->exec();
}

std::vector<std::string> sync_log_reader::connection::damaged_dictionaries() {
  std::vector<std::string> lines;
  if (may_hold_dictionaries())
    for (const auto number : dictionaries.damaged())
      lines.push_back("dictionary " + std::to_string(number)
                      + " of its packed images is not as it was made");
  return lines;
}

} // namespace lockstep

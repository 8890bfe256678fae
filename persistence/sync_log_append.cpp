#include "persistence/sync_log_accepted.hpp"
#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"
#include "protocol/chain.hpp"

#include <algorithm>

namespace lockstep {

namespace {

const std::string insert_entry = "INSERT INTO sync_log("
                                 + std::string{entry_columns}
                                 + ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)";

std::string named(const ballot& what) {
  return "term " + to_string(what.term) + " of " + to_string(what.device);
}

std::string named(const log_position& at) {
  return "entry " + to_string(at.sequence) + " under " + named(at.ballot);
}

expected<void> check_ballot(const ballot& under, const ballot& known,
                            std::span<const entry> list) {
  if (under < known)
    return fail(errc::stale_ballot, "The entries come under " + named(under)
                                      + ", but " + named(known)
                                      + " is known; ask its leader.");
  for (const auto& next : list)
    if (under < next.ballot)
      return fail(errc::stale_ballot,
                  named(next.position()) + " is newer than " + named(under)
                    + ", which sends it; ask the newer leader.");
  return {};
}

/// Whether `next` may stand after `before`.
expected<void> check_follows(const log_head& before, const entry& next) {
  const auto& [last, chain] = before;
  if (!fits(next.sequence.value) || !fits(next.device_sequence.value)
      || next.change < change_type::insert || next.change > change_type::bulk)
    return fail(errc::invalid_argument,
                "Entry " + to_string(next.sequence)
                  + " is malformed; it was not made by Lockstep.");
  if (next.sequence <= last.sequence || next.ballot < last.ballot)
    return fail(errc::log_conflict, named(next.position())
                                      + " cannot follow on " + named(last)
                                      + "; fetch the log from there.");
  // A vacuumed log has gaps; only next to each other can two be compared.
  if (next.sequence == last.sequence + 1 && next.chain != chain_of(chain, next))
    return fail(errc::log_conflict,
                named(next.position()) + " does not continue the log that "
                  + named(last) + " ends; compare the logs further back.");
  return {};
}

expected<void> check_list(log_head before, std::span<const entry> list) {
  for (const auto& next : list) {
    if (auto fits_in = check_follows(before, next); !fits_in)
      return fits_in;
    before = {next.position(), next.chain};
  }
  return {};
}

/// Everything up to the result is missing or may be: the end of the last gap.
sequence_number gaps_through(sequence_number before,
                             std::span<const entry> list) {
  sequence_number through;
  for (const auto& next : list) {
    if (next.sequence > before + 1)
      through = next.sequence - 1;
    before = next.sequence;
  }
  return through;
}

} // namespace

expected<log_head> sync_log_store::append(ballot under, log_position follows,
                                          std::span<const entry> list) {
  if (list.empty())
    return fail(errc::invalid_argument,
                "There is nothing to append; give at least one entry.");
  return connection_->write<log_head>([&]() -> expected<log_head> {
    auto& statements = connection_->statements;
    auto known = connection_->leadership().current;
    if (auto recent = check_ballot(under, known, list); !recent)
      return tl::make_unexpected(recent.error());
    auto head = connection_->head();
    if (head.position != follows)
      return fail(errc::log_conflict, "The log ends at " + named(head.position)
                                        + ", not at " + named(follows)
                                        + "; fetch from its end.");
    if (auto continues = check_list(head, list); !continues)
      return tl::make_unexpected(continues.error());

    accepted_changes accepted{statements, connection_->names};
    auto insert = statements.use(insert_entry);
    for (const auto& next : list) {
      bind_entry(*insert, next, connection_->names);
      insert->exec();
      insert->reset();
      accepted.insert(next.device, next.device_sequence);
    }
    accepted.store();
    auto state = statements.use("UPDATE log_state SET entries = entries + ?, "
                                "vacuumed_through = max(vacuumed_through, ?)");
    state->bind(1, to_sql(list.size()));
    state->bind(2, search_bound(gaps_through(head.position.sequence, list)));
    state->exec();
    return log_head{list.back().position(), list.back().chain};
  });
}

expected<log_head> sync_log_store::truncate_after(sequence_number keep) {
  return connection_->write<log_head>([&]() -> expected<log_head> {
    auto& statements = connection_->statements;
    accepted_changes accepted{statements, connection_->names};
    std::int64_t removed = 0;
    auto rows = statements.use(
      "SELECT device, device_sequence FROM sync_log WHERE sequence > ?");
    rows->bind(1, search_bound(keep));
    for (; rows->executeStep(); ++removed)
      accepted.erase(
        connection_->names.device(rows->getColumn(0).getInt64()),
        device_sequence_number{from_sql(rows->getColumn(1).getInt64())});
    rows->reset();
    if (removed == 0)
      return connection_->head();

    auto remove = statements.use("DELETE FROM sync_log WHERE sequence > ?");
    remove->bind(1, search_bound(keep));
    remove->exec();
    accepted.store();
    auto state = statements.use("UPDATE log_state SET entries = entries - ?");
    state->bind(1, removed);
    state->exec();
    return connection_->head();
  });
}

} // namespace lockstep

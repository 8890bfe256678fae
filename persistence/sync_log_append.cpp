#include "persistence/sync_log_accepted.hpp"
#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"
#include "protocol/chain.hpp"
#include "protocol/forgetting.hpp"

#include <algorithm>
#include <utility>

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

/// One append, which may take its entries in pieces.
class sync_log_store::appending {
public:
  appending(connection& opened, const ballot& under,
            const log_position& follows)
    : connection_(opened), under_(under), follows_(follows),
      known_(opened.leadership().current), head_(opened.head()) {
  }

  /// What comes was fetched from a log that has forgotten this.
  expected<void> take(const forgotten_deletions& source) {
    if (auto fits_on = check_end({}); !fits_on)
      return fits_on;
    const auto own = connection_.forgotten();
    const auto end = head_.position.sequence;
    const auto then = continued_with(own, end, source);
    if (!then)
      return fail(errc::vacuumed,
                  "After " + named(head_.position)
                    + " the other log has forgotten deletions that this one"
                      " may lack; fetch it from its beginning.");
    if (*then != own)
      connection_.store_forgotten(*then);
    connection_.may_have_forgotten_ahead = true;
    has_source_ = true;
    return {};
  }

  expected<void> take(std::span<const entry> list) {
    if (auto fits_on = check_end(list); !fits_on)
      return fits_on;
    if (auto continues = check_list(head_, list); !continues)
      return continues;
    auto insert = connection_.statements.use(insert_entry);
    for (const auto& next : list) {
      bind_entry(*insert, next, connection_.names, connection_.dictionaries);
      insert->exec();
      insert->reset();
    }
    gaps_ = std::max(gaps_, gaps_through(head_.position.sequence, list));
    count_ += list.size();
    head_ = {list.back().position(), list.back().chain};
    return {};
  }

  expected<void> take(std::span<const accepted_range> held) {
    if (auto fits_on = check_end({}); !fits_on)
      return fits_on;
    accepted_changes accepted{connection_.statements, connection_.names};
    for (const auto& range : held) {
      if (!range.first || !fits(range.last.value) || range.last < range.first)
        return fail(errc::invalid_argument,
                    "A range of operations is malformed; it was not made by"
                    " Lockstep.");
      accepted.insert(range);
    }
    accepted.store();
    takes_ranges_ = true;
    return {};
  }

  expected<log_head> finish() {
    if (count_ == 0 && !takes_ranges_)
      return fail(errc::invalid_argument,
                  "There is nothing to append; give at least one entry.");
    if (count_ == 0)
      return head_;
    if (!has_source_ && connection_.may_have_forgotten_ahead)
      go_on_alone();
    if (gaps_)
      note_gaps();
    if (connection_.is_count_due(head_.position.sequence))
      connection_.count_entries();
    return head_;
  }

private:
  expected<void> check_end(std::span<const entry> list) const {
    if (auto recent = check_ballot(under_, known_, list); !recent)
      return recent;
    if (count_ == 0 && head_.position != follows_)
      return fail(errc::log_conflict, "The log ends at " + named(head_.position)
                                        + ", not at " + named(follows_)
                                        + "; fetch from its end.");
    return {};
  }

  void note_gaps() {
    auto state
      = connection_.statements.use("UPDATE log_state SET vacuumed_through ="
                                   " max(vacuumed_through, ?)");
    state->bind(1, search_bound(gaps_));
    state->exec();
  }

  void go_on_alone() {
    const auto own = connection_.forgotten();
    const auto then = continued_alone(own, follows_.sequence);
    if (then != own)
      connection_.store_forgotten(then);
    connection_.may_have_forgotten_ahead = false;
  }

  connection& connection_;
  ballot under_;
  log_position follows_;
  ballot known_;
  log_head head_;
  std::size_t count_ = 0;
  bool takes_ranges_ = false;
  bool has_source_ = false;
  sequence_number gaps_;
};

expected<log_head>
sync_log_store::append(ballot under, log_position follows,
                       std::span<const entry> list,
                       std::span<const accepted_range> held,
                       const std::optional<forgotten_deletions>& source) {
  return connection_->write<log_head>([&]() -> expected<log_head> {
    appending all{*connection_, under, follows};
    if (source && !list.empty())
      if (auto taken = all.take(*source); !taken)
        return tl::make_unexpected(taken.error());
    if (!list.empty())
      if (auto taken = all.take(list); !taken)
        return tl::make_unexpected(taken.error());
    if (!held.empty())
      if (auto taken = all.take(held); !taken)
        return tl::make_unexpected(taken.error());
    return all.finish();
  });
}

expected<log_head> sync_log_store::append(ballot under, log_position follows,
                                          entry_source& source) {
  return connection_->write<log_head>([&]() -> expected<log_head> {
    appending all{*connection_, under, follows};
    for (auto list = source.next_piece(); !list.empty();
         list = source.next_piece())
      if (auto taken = all.take(list); !taken)
        return tl::make_unexpected(taken.error());
    return all.finish();
  });
}

expected<log_head> sync_log_store::truncate_after(sequence_number keep) {
  return connection_->write<log_head>([&]() -> expected<log_head> {
    auto& statements = connection_->statements;
    connection_->count_entries();
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
    connection_->may_have_forgotten_ahead = true;
    if (!keep)
      connection_->store_forgotten({});
    if (removed == 0)
      return connection_->head();

    auto remove = statements.use("DELETE FROM sync_log WHERE sequence > ?");
    remove->bind(1, search_bound(keep));
    remove->exec();
    accepted.store();
    auto bases = statements.use("DELETE FROM vacuumed_base WHERE sequence > ?");
    bases->bind(1, search_bound(keep));
    bases->exec();
    // What follows may come whole.
    auto state = statements.use("UPDATE log_state SET entries = entries - ?1,"
                                " vacuumed_through ="
                                " min(vacuumed_through, ?2),"
                                " counted_through = min(counted_through,"
                                " (SELECT coalesce(max(sequence), 0) FROM"
                                " sync_log))");
    state->bind(1, removed);
    state->bind(2, search_bound(keep));
    state->exec();
    return connection_->head();
  });
}

} // namespace lockstep

#include "messages/json_value.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/uuid_v5.hpp"
#include "protocol/conflict.hpp"
#include "protocol/operation_reference.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace lockstep {

namespace {

using json = nlohmann::json;

/// An entry as the operation that it was.
struct returned_entry {
  taken_operation taken;
  sequence_number transaction;
};

bool is(const std::optional<operation>& side, const operation& what) {
  return side && side->device == what.device
         && side->device_sequence == what.device_sequence;
}

operation operation_of(const entry& what) {
  operation made;
  made.device = what.device;
  made.device_sequence = what.device_sequence;
  made.timestamp = what.timestamp;
  made.model = what.model;
  made.record = what.record;
  made.change = what.change;
  made.base_version = what.version - 1;
  made.data = what.data;
  return made;
}

/// What the leader had added by itself is decided anew. Its number is used up
/// all the same.
operation nothing_for(const entry& what) {
  auto made = operation_of(what);
  made.record
    = make_uuid_v5(std::string{conflict_model} + " nothing "
                   + to_string(what.device) + to_string(what.device_sequence));
  made.change = change_type::remove;
  made.base_version = {};
  made.data.clear();
  return made;
}

/// Entries that are taken back, as the operations that they were.
class returned_entries {
public:
  returned_entries(library_store& store, const std::vector<entry>& list)
    : store_(store) {
    for (const auto& what : list)
      add(what);
    for (auto& one : list_)
      rebase(one.taken.what);
    sort_by_device();
    close_transactions();
  }

  /// An operation that was based on one of them is based on it wherever that
  /// comes to stand; whether that changed it.
  bool rebase(operation& what) const {
    const auto found = records_.find({what.model, what.record});
    if (found == records_.end() || !(found->second.kept < what.base_version))
      return false;
    const auto& [kept, makers] = found->second;
    if (const auto base = makers.find(what.base_version);
        base != makers.end() && !what.base_operation)
      what.base_operation
        = base->second.merged
            ? mark_of(base->second.device, base->second.number)
            : reference_to(base->second.device, base->second.number,
                           what.device);
    what.base_version = kept;
    return true;
  }

  [[nodiscard]] std::vector<taken_operation> operations() const {
    std::vector<taken_operation> all;
    for (const auto& one : list_)
      all.push_back(one.taken);
    return all;
  }

private:
  /// Which operation made a version that goes, and whether it was merged then.
  struct maker {
    device_id device;
    device_sequence_number number;
    bool merged = false;
  };
  struct returned_record {
    /// The version that stays in the log.
    version_number kept;
    std::map<version_number, maker> makers;
  };

  void add(const entry& what) {
    if (what.model == conflict_model && add_decision(what))
      return;
    auto& record = records_
                     .try_emplace({what.model, what.record},
                                  returned_record{what.version - 1, {}})
                     .first->second;
    if (auto* merged = merged_into(what)) {
      record.makers[what.version]
        = {merged->device, merged->device_sequence, true};
      merged->base_version = version_before(*merged, what);
      merged->changed.clear();
      add_nothing(what);
      return;
    }
    record.makers[what.version] = {what.device, what.device_sequence};
    list_.push_back({{operation_of(what), true}, what.transaction_end});
    list_.back().taken.what.changed = changed_by(what);
  }

  /// The operation that the leader merged with what its writer had not seen,
  /// and made this of; null where this one is an operation itself.
  operation* merged_into(const entry& what) {
    if (list_.empty() || list_.back().transaction != what.transaction_end)
      return nullptr;
    auto& before = list_.back().taken.what;
    return before.model == what.model && before.record == what.record ? &before
                                                                      : nullptr;
  }

  /// The columns that an update changed; none where that cannot be told.
  std::vector<std::string> changed_by(const entry& what) const {
    std::vector<std::string> list;
    const auto now = json::parse(what.data, nullptr, false);
    const auto before = image_before(what.previous);
    if (now.is_object() && before.is_object())
      for (const auto& [column, value] : now.items())
        if (!is_same_value(value, before.value(column, json{})))
          list.push_back(column);
    return list;
  }

  json image_before(sequence_number at) const {
    if (!at)
      return {};
    const auto found = store_.log.at(at);
    return found && *found ? json::parse((*found)->data, nullptr, false)
                           : json{};
  }

  /// The newest version that an operation's writer can have seen: what it left
  /// alone and another had changed was so then. None where that cannot be told.
  version_number version_before(const operation& what,
                                const entry& merged) const {
    const auto mine = json::parse(what.data, nullptr, false);
    const auto both = json::parse(merged.data, nullptr, false);
    std::vector<std::string> unseen;
    for (const auto& [column, value] : both.items()) {
      const auto own = mine.value(column, json{});
      if (is_same_value(value, own))
        continue;
      if (value.is_array())
        return {};
      unseen.push_back(column);
    }
    for (auto at = merged.previous; at;) {
      const auto found = store_.log.at(at);
      if (!found || !*found)
        break;
      const auto image = json::parse((*found)->data, nullptr, false);
      if (at != merged.previous && image.is_object()
          && std::ranges::all_of(unseen, [&](const std::string& column) {
               return is_same_value(image.value(column, json{}),
                                    mine.value(column, json{}));
             }))
        return (*found)->version;
      at = (*found)->previous;
    }
    return {};
  }

  /// A conflict that is no operation of its own; false where it is one.
  bool add_decision(const entry& what) {
    if (what.change == change_type::remove)
      return ends_conflict_of_last(what) && add_nothing(what);
    auto loser = loser_of(what.data);
    if (loser && is(loser, operation_of(what))) {
      list_.push_back({{*loser, false}, what.transaction_end});
      return true;
    }
    // It tells what that one was before it was decided.
    const auto winner = winner_of(what.data);
    for (auto i = list_.size();
         i-- > 0 && list_[i].transaction == what.transaction_end;) {
      auto& decided = list_[i].taken.what;
      if (!is(loser, decided) && !is(winner, decided))
        continue;
      const auto& before = is(loser, decided) ? *loser : *winner;
      decided.base_version = before.base_version;
      decided.changed = before.changed;
      return add_nothing(what);
    }
    return false;
  }

  /// An edit that won put an end to what the one before it had lost. A person
  /// who takes what lost makes it the record's image.
  bool ends_conflict_of_last(const entry& what) const {
    if (list_.empty() || list_.back().transaction != what.transaction_end)
      return false;
    const auto kept = store_.log.at(what.previous);
    const auto loser = kept && *kept ? loser_of((*kept)->data) : std::nullopt;
    const auto& decided = list_.back().taken.what;
    return loser && loser->device == decided.device
           && loser->record == decided.record && loser->data != decided.data;
  }

  bool add_nothing(const entry& what) {
    list_.push_back({{nothing_for(what), true}, what.transaction_end});
    return true;
  }

  /// The leader may have put conflicts of its own between a device's
  /// operations; each device's come together again.
  void sort_by_device() {
    for (auto first = list_.begin(); first != list_.end();) {
      const auto end
        = std::find_if(first, list_.end(), [&](const returned_entry& one) {
            return one.transaction != first->transaction;
          });
      std::stable_sort(first, end,
                       [](const returned_entry& a, const returned_entry& b) {
                         return a.taken.what.device < b.taken.what.device;
                       });
      first = end;
    }
  }

  void close_transactions() {
    for (auto i = list_.size(); i-- > 0;) {
      auto& what = list_[i].taken.what;
      const bool continues = i + 1 < list_.size()
                             && list_[i + 1].transaction == list_[i].transaction
                             && list_[i + 1].taken.what.device == what.device;
      what.transaction_end = continues ? list_[i + 1].taken.what.transaction_end
                                       : what.device_sequence;
    }
  }

  library_store& store_;
  std::vector<returned_entry> list_;
  std::map<record_key, returned_record> records_;
};

/// Pending operations that were based on what is taken back.
void rebase_pending(library_store& store, const returned_entries& list) {
  store.pending.for_each([&](operation what, std::int64_t place) {
    if (!list.rebase(what))
      return;
    auto row
      = store.statements.use("UPDATE lockstep_pending SET base_version = ?,"
                             " base_operation = ? WHERE id = ?");
    row->bind(1, static_cast<std::int64_t>(what.base_version.value));
    row->bind(2, static_cast<std::int64_t>(what.base_operation.value));
    row->bind(3, place);
    row->exec();
  });
}

} // namespace

expected<void> library_applier::give_back_after(sequence_number keep) {
  return store_.attempt([&]() -> expected<void> {
    // What a crash kept from the tables is an operation of somebody, too.
    if (auto caught_up = catch_up(nullptr, [](const chunk&) {}); !caught_up)
      return caught_up;
    if (!(keep < store_.applied()))
      return {};
    std::vector<entry> list;
    for (auto cursor = keep; cursor < store_.applied();) {
      auto more = store_.log.fetch_since(cursor, 1'000);
      if (!more)
        return tl::make_unexpected(more.error());
      if (more->empty())
        break;
      cursor = more->back().sequence;
      for (auto& what : *more)
        if (!(store_.applied() < what.sequence))
          list.push_back(std::move(what));
    }
    return in_one_transaction(
      store_, durability::by_itself, [&]() -> expected<void> {
        if (auto kept = keep_captured(); !kept)
          return kept;
        const returned_entries returned{store_, list};
        rebase_pending(store_, returned);
        store_.pending.add_in_front(returned.operations());
        forget_after(list);
        store_.set_applied(keep);
        if (!keep)
          store_.set_fetching_anew(true);
        return {};
      });
  });
}

void library_applier::forget_after(const std::vector<entry>& given_back) {
  std::map<record_key, sequence_number> before;
  for (const auto& what : given_back)
    before.emplace(record_key{what.model, what.record}, what.previous);
  for (const auto& [record, previous] : before) {
    record_state state;
    if (previous) {
      auto found = store_.log.at(previous);
      const auto vacuumed = store_.log.vacuumed_through();
      if (found && *found)
        state = {(*found)->version, previous,
                 (*found)->change == change_type::remove};
      else if (!found || !vacuumed || *vacuumed < previous)
        throw std::runtime_error{"The log lacks entry " + to_string(previous)
                                 + "."};
    }
    store_.index.store(record.first, record.second, state);
  }
}

} // namespace lockstep

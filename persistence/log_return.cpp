#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "protocol/conflict.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace lockstep {

namespace {

/// The wish that became `what`, with its first number, and whether its image
/// stands in the table.
taken_operation operation_of(const entry& what) {
  if (what.model == conflict_model) {
    auto loser = loser_of(what.data);
    if (loser && loser->device == what.device
        && loser->device_sequence == what.device_sequence)
      return {std::move(*loser), false};
  }
  operation made;
  made.device = what.device;
  made.device_sequence = what.device_sequence;
  made.timestamp = what.timestamp;
  made.model = what.model;
  made.record = what.record;
  made.change = what.change;
  made.base_version = what.version - 1;
  made.data = what.data;
  return {std::move(made), true};
}

/// Entries as the operations that they were: each based on the one before it
/// where one device made both. The leader may have put conflicts of its own
/// between a device's operations; each device's come together again.
std::vector<taken_operation> operations_of(std::vector<entry> list) {
  for (auto first = list.begin(); first != list.end();) {
    const auto end = std::find_if(first, list.end(), [&](const entry& what) {
      return what.transaction_end != first->transaction_end;
    });
    std::stable_sort(first, end, [](const entry& a, const entry& b) {
      return a.device < b.device;
    });
    first = end;
  }
  std::vector<taken_operation> made;
  std::map<record_key, operation> newest;
  for (const auto& what : list) {
    made.push_back(operation_of(what));
    auto& wish = made.back().what;
    const record_key record{wish.model, wish.record};
    if (auto before = newest.find(record);
        before != newest.end() && before->second.device == wish.device)
      wish.base_operation = before->second.device_sequence;
    if (made.back().shown)
      newest[record] = wish;
  }
  for (std::size_t i = list.size(); i-- > 0;) {
    const bool continues
      = i + 1 < list.size()
        && list[i + 1].transaction_end == list[i].transaction_end
        && list[i + 1].device == list[i].device;
    made[i].what.transaction_end = continues ? made[i + 1].what.transaction_end
                                             : made[i].what.device_sequence;
  }
  return made;
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
        store_.pending.add_in_front(operations_of(list));
        forget_after(list);
        store_.set_applied(keep);
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
      if (!found || !*found)
        throw std::runtime_error{"The log lacks entry " + to_string(previous)
                                 + "."};
      state = {(*found)->version, previous,
               (*found)->change == change_type::remove};
    }
    store_.index.store(record.first, record.second, state);
  }
}

} // namespace lockstep

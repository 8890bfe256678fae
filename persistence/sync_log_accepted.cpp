#include "persistence/sync_log_accepted.hpp"

#include "persistence/sync_log_rows.hpp"

#include <algorithm>
#include <iterator>

namespace lockstep {

namespace {

/// What is in `left` and not in `right`; both are sorted and of one device.
std::vector<accepted_range> without(const std::vector<accepted_range>& left,
                                    const std::vector<accepted_range>& right) {
  auto before = [](const accepted_range& a, const accepted_range& b) {
    return a.first != b.first ? a.first < b.first : a.last < b.last;
  };
  std::vector<accepted_range> result;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(result), before);
  return result;
}

} // namespace

void accepted_changes::insert(const device_id& device,
                              device_sequence_number number) {
  // Operations count from 1; an entry without a number was nobody's operation.
  if (number)
    state_of(device).now.insert(device, number);
}

void accepted_changes::insert(const accepted_range& range) {
  state_of(range.device).now.insert(range);
}

void accepted_changes::erase(const device_id& device,
                             device_sequence_number number) {
  state_of(device).now.erase(device, number);
}

void accepted_changes::store() {
  auto remove
    = statements_->use("DELETE FROM accepted WHERE device = ? AND first = ?");
  auto add = statements_->use("INSERT INTO accepted VALUES(?, ?, ?)");
  for (const auto& [device, state] : touched_) {
    auto number = names_->number_of(device);
    auto now = state.now.ranges_of(device);
    for (const auto& range : without(state.stored, now)) {
      remove->bind(1, number);
      remove->bind(2, to_sql(range.first.value));
      remove->exec();
      remove->reset();
    }
    for (const auto& range : without(now, state.stored)) {
      add->bind(1, number);
      add->bind(2, to_sql(range.first.value));
      add->bind(3, to_sql(range.last.value));
      add->exec();
      add->reset();
    }
  }
}

accepted_changes::device_state&
accepted_changes::state_of(const device_id& device) {
  auto [found, is_new] = touched_.try_emplace(device);
  if (is_new) {
    auto rows = statements_->use(
      "SELECT first, last FROM accepted WHERE device = ? ORDER BY first");
    rows->bind(1, names_->number_of(device));
    auto& stored = found->second.stored;
    while (rows->executeStep())
      stored.push_back(
        {device,
         device_sequence_number{from_sql(rows->getColumn(0).getInt64())},
         device_sequence_number{from_sql(rows->getColumn(1).getInt64())}});
    found->second.now = accepted_set{stored};
  }
  return found->second;
}

} // namespace lockstep

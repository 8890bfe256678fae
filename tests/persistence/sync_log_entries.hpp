#pragma once

#include "messages/operation.hpp"
#include "protocol/chain.hpp"

#include <map>
#include <string>
#include <vector>

namespace lockstep {

inline device_id test_device(std::uint8_t number) {
  device_id id;
  id.bytes[15] = number;
  return id;
}

inline record_id test_record(std::uint8_t number) {
  record_id id;
  id.bytes[15] = number;
  return id;
}

inline ballot test_ballot(std::uint64_t term, std::uint8_t device = 1) {
  return {term_number{term}, test_device(device)};
}

/// Makes entries that continue one log, as a leader would: sequences, versions,
/// numbers and chain values fit. `next` may be changed before it is sealed.
class entry_maker {
public:
  /// The next entry of `record`, written by `device`, its own transaction.
  entry make(std::uint8_t record = 1, std::uint8_t device = 1) {
    entry what;
    what.sequence = head_.position.sequence + 1;
    what.ballot = under;
    what.device = test_device(device);
    what.device_sequence
      = device_sequence_number{++device_sequences_[what.device]};
    what.timestamp = timestamp::from(1'700'000'000'000 + what.sequence.value,
                                     static_cast<std::uint16_t>(record));
    what.model = "note";
    what.record = test_record(record);
    auto& latest = latest_[what.record];
    what.change = latest.first ? change_type::update : change_type::insert;
    what.version = latest.second + 1;
    what.previous = latest.first;
    what.transaction_end = what.sequence;
    what.data = R"({"text":")" + to_string(what.sequence) + R"("})";
    return sealed(std::move(what));
  }

  /// Gives a changed entry its chain value and makes it the head.
  entry sealed(entry what) {
    what.chain = chain_of(before(what), what);
    latest_[what.record] = {what.sequence, what.version};
    head_ = {what.position(), what.chain};
    return what;
  }

  std::vector<entry> make_list(std::size_t count, std::uint8_t record = 1) {
    std::vector<entry> list;
    for (std::size_t i = 0; i < count; ++i)
      list.push_back(make(record));
    return list;
  }

  [[nodiscard]] const log_head& head() const {
    return head_;
  }

  ballot under = test_ballot(1);

private:
  /// The chain value that `what` follows on, also when it is sealed again.
  std::uint64_t before(const entry& what) {
    if (what.sequence != head_.position.sequence)
      chain_before_ = head_.chain;
    return chain_before_;
  }

  log_head head_;
  std::uint64_t chain_before_ = 0;
  std::map<device_id, std::uint64_t> device_sequences_;
  std::map<record_id, std::pair<sequence_number, version_number>> latest_;
};

} // namespace lockstep

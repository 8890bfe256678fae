#pragma once

#include "messages/receipt.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace lockstep {

/// Follows a device's commits from local over sequenced to stable, and says
/// whom to answer when. Remembers the latest commits for callers that ask
/// later.
class receipt_book {
public:
  /// Names a caller that waits.
  using ticket = std::uint64_t;

  struct answer {
    ticket to = 0;
    receipt what;
  };

  explicit receipt_book(device_id own, std::size_t remembered = 10'000)
    : own_(own), remembered_(remembered) {
  }

  /// A commit is durable here; its operations are `first` to `last`. Answers
  /// `to` once it is as far as `wait_for`.
  void open(device_sequence_number first, device_sequence_number last,
            receipt_state wait_for, ticket to);

  /// An operation has its place in the log.
  void settle(device_sequence_number number, sequence_number sequence,
              bool lost);

  /// Every one of `members` holds the log up to `stable`.
  void set_stable(sequence_number stable, std::uint32_t members);

  /// How far a commit is; nothing when it is not remembered.
  [[nodiscard]] std::optional<receipt> find(device_sequence_number last) const;

  /// Callers whose commit is as far as they wait for; each once.
  [[nodiscard]] std::vector<answer> take_answers();

private:
  struct commit {
    receipt state;
    std::uint64_t unsettled = 0;
  };
  struct waiter {
    device_sequence_number last;
    receipt_state wait_for;
    ticket to;
  };

  void advance(commit& what) const;

  device_id own_;
  std::size_t remembered_;
  sequence_number stable_;
  std::uint32_t members_ = 1;
  std::map<device_sequence_number, commit> commits_; ///< By last operation.
  std::deque<waiter> waiters_;
};

} // namespace lockstep

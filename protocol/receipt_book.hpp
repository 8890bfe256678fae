#pragma once

#include "messages/receipt.hpp"
#include "protocol/accepted_set.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
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

  /// An operation has its place in the log. Said again, after the log was cut,
  /// it only moves the place.
  void settle(device_sequence_number number, sequence_number sequence,
              bool lost);

  /// The operations from `first` on that have no place yet got other numbers,
  /// higher `by` so much and above all others.
  void renumber(device_sequence_number first, std::uint64_t by);

  /// The log ends here now: what had its place after that is pending again.
  void cut_after(sequence_number keep);

  /// Every one of `members` holds the log up to `stable`. Never goes back: a
  /// member that joins later takes nothing away.
  void set_stable(sequence_number stable, std::uint32_t members);

  /// How far a commit is; nothing when it is not remembered.
  [[nodiscard]] std::optional<receipt> find(device_sequence_number last) const;

  /// Callers whose commit is as far as they wait for; each once, in the order
  /// in which their commits came so far.
  [[nodiscard]] std::vector<answer> take_answers();

private:
  struct waiter {
    receipt_state wait_for;
    ticket to;
  };
  struct commit {
    receipt state;
    std::uint64_t unsettled = 0;
    std::vector<waiter> waiters;
  };

  void advance(commit& what);
  void answer_waiters(commit& what);
  void forget_oldest();

  device_id own_;
  std::size_t remembered_;
  sequence_number stable_;
  std::uint32_t members_ = 1;
  std::map<device_sequence_number, commit> commits_; ///< By last operation.
  accepted_set settled_;
  /// Commits that are sequenced and not stable yet, by their sequence.
  std::set<std::pair<sequence_number, device_sequence_number>> not_stable_;
  /// Commits that are stable, in the order in which they became so.
  std::deque<device_sequence_number> stable_commits_;
  std::vector<answer> answers_;
};

} // namespace lockstep

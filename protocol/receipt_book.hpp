#pragma once

#include "config/settings.hpp"
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

  /// Where it takes a majority, what has its place is `local` until one is
  /// known to hold it.
  explicit receipt_book(device_id own, std::size_t remembered = 10'000,
                        consistency mode = consistency::available)
    : own_(own), remembered_(remembered), mode_(mode) {
  }

  /// A commit is durable here; its operations are `first` to `last`. Answers
  /// `to` once it is as far as `wait_for`.
  void open(device_sequence_number first, device_sequence_number last,
            receipt_state wait_for, ticket to);

  /// An operation has its place in the log; its transaction ends there, or
  /// later at `closes`. Said again, after the log was cut, it only moves the
  /// place.
  void settle(device_sequence_number number, sequence_number sequence,
              bool lost, sequence_number closes = {});

  /// The operations from `first` on that have no place yet got other numbers,
  /// higher `by` so much and above all others.
  void renumber(device_sequence_number first, std::uint64_t by);

  /// The log ends here now: what had its place after that is pending again.
  /// Returns the numbers of which that is so.
  std::vector<device_sequence_number> cut_after(sequence_number keep);

  /// Every one of `members` holds the log up to `stable`. Never goes back: a
  /// member that joins later takes nothing away.
  void set_stable(sequence_number stable, std::uint32_t members);

  /// A majority of the members, so many, holds the log up to `held`. Never goes
  /// back.
  void set_held(sequence_number held, std::uint32_t holders);

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
    /// Its place, also while that may be lost again, and where the transaction
    /// ends that it is in.
    sequence_number at;
    sequence_number closes;
    std::vector<waiter> waiters;
  };

  [[nodiscard]] bool is_held(const commit& what) const;
  void advance(commit& what);
  void answer_waiters(commit& what);
  void forget_oldest();

  device_id own_;
  std::size_t remembered_;
  consistency mode_;
  sequence_number stable_;
  sequence_number held_;
  std::uint32_t holders_ = 1;
  std::uint32_t members_ = 1;
  std::map<device_sequence_number, commit> commits_; ///< By last operation.
  accepted_set settled_;
  /// Commits that have their place and are not stable yet, by their sequence.
  std::set<std::pair<sequence_number, device_sequence_number>> not_stable_;
  /// Commits that are stable, in the order in which they became so.
  std::deque<device_sequence_number> stable_commits_;
  std::vector<answer> answers_;
};

} // namespace lockstep

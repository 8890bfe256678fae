#pragma once

#include "messages/log_requests.hpp"
#include "messages/operation.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace lockstep {

/// Where a draft keeps entries that are too many for the memory.
class entry_overflow {
public:
  virtual ~entry_overflow() = default;

  /// Takes entries that follow on those it holds.
  virtual void put(const std::vector<entry>& list) = 0;

  /// Entries from `first` on that it holds, in order: one at least, if there is
  /// one, and then as many as make a piece, but no more than `most`.
  virtual std::vector<entry> read(sequence_number first, std::size_t most) = 0;

  /// Sets the transaction end of the entries from `first` on.
  virtual void close(sequence_number first, sequence_number end) = 0;

  /// Forgets the entries from `first` on.
  virtual void cut(sequence_number first) = 0;
};

/// Entries that are about to be appended: gives each its sequence, closes
/// transactions and computes the chain. Nothing of it counts before the log has
/// taken it. Throws what its overflow throws.
class log_draft : public entry_source {
public:
  /// Entries under `under` that follow on `head`. Those beyond about `memory`
  /// bytes go to `overflow`; without one all are held in memory.
  log_draft(ballot under, log_head head, std::size_t memory = 0,
            std::unique_ptr<entry_overflow> overflow = nullptr);

  /// Adds an entry to the open transaction and returns its sequence; sequence,
  /// ballot, transaction end and chain are filled in here.
  sequence_number add(entry what);

  /// Ends the open transaction, if it has any entries.
  void close_transaction();

  /// Forgets the open transaction.
  void abandon_transaction();

  /// What the first entry follows on.
  [[nodiscard]] log_position follows() const {
    return start_.position;
  }

  /// Where the log ends without the draft.
  [[nodiscard]] const log_head& start() const {
    return start_;
  }

  [[nodiscard]] bool empty() const {
    return last_ == start_.position.sequence;
  }

  /// The first entry of the open transaction, or the next one to come.
  [[nodiscard]] sequence_number open_from() const {
    return open_from_;
  }

  /// The newest entry.
  [[nodiscard]] sequence_number last() const {
    return last_;
  }

  /// An entry of this draft.
  [[nodiscard]] std::optional<entry> find(sequence_number at) const;

  /// The entries from `first` on, piece by piece; none after the last.
  [[nodiscard]] std::vector<entry> read(sequence_number first) const;

  /// The next entries for the log, with their chain; none at the end. No
  /// transaction may be open, and nothing is added any more.
  std::vector<entry> next_piece() override;

  /// Whether the memory holds all of it.
  [[nodiscard]] bool is_one_piece() const {
    return held_from_ == start_.position.sequence + 1;
  }

  /// All entries with their chain, where that is so; as `next_piece`, but
  /// always the same.
  std::shared_ptr<const std::vector<entry>> only_piece();

  /// Entries that make a piece at most.
  static constexpr std::size_t piece_entries = 1'000;

private:
  [[nodiscard]] std::size_t held_at(sequence_number at) const {
    return static_cast<std::size_t>(at.value - held_from_.value);
  }

  ballot under_;
  log_head start_;
  std::size_t memory_;
  std::unique_ptr<entry_overflow> overflow_;
  /// The draft's end, from `held_from_` on; what comes before is in the
  /// overflow.
  std::vector<entry> held_;
  sequence_number held_from_;
  std::size_t held_bytes_ = 0;
  sequence_number open_from_;
  sequence_number last_;
  /// Where `next_piece` is, and the chain there.
  sequence_number handed_out_;
  std::uint64_t chain_;
  std::shared_ptr<const std::vector<entry>> only_piece_;
};

} // namespace lockstep

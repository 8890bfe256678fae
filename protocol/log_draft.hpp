#pragma once

#include "messages/operation.hpp"

#include <vector>

namespace lockstep {

/// Entries that are about to be appended: gives each its sequence, closes
/// transactions and computes the chain. Nothing of it counts before the log has
/// taken it.
class log_draft {
public:
  /// Entries under `under` that follow on `head`.
  log_draft(ballot under, log_head head);

  /// Adds an entry to the open transaction and returns its sequence; sequence,
  /// ballot, transaction end and chain are filled in here.
  sequence_number add(entry what);

  /// Ends the open transaction, if it has any entries.
  void close_transaction();

  /// Forgets the open transaction.
  void abandon_transaction();

  /// Where the log will end; no transaction may be open.
  [[nodiscard]] log_head head() const;

  /// What the first entry follows on.
  [[nodiscard]] log_position follows() const {
    return start_.position;
  }

  [[nodiscard]] bool empty() const {
    return list_.empty();
  }

  [[nodiscard]] const std::vector<entry>& entries() const {
    return list_;
  }

  /// An entry of this draft, or nullptr.
  [[nodiscard]] const entry* find(sequence_number at) const;

  [[nodiscard]] std::vector<entry> take() {
    return std::move(list_);
  }

private:
  ballot under_;
  log_head start_;
  std::vector<entry> list_;
  std::size_t closed_ = 0;
};

} // namespace lockstep

#pragma once

#include "messages/operation.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace lockstep {

/// Operations that are not in the log yet, in order (lockstep_pending). Throws
/// SQLite::Exception.
class pending_queue {
public:
  explicit pending_queue(statement_cache& statements)
    : statements_(statements) {
  }

  /// Adds at the end; one that is there already stays as it is.
  void add(const operation& what);

  /// Takes one out; nothing when it is not there.
  std::optional<operation> take(device_id device,
                                device_sequence_number number);

  /// The record's newest pending operation.
  std::optional<operation> newest_of(std::string_view model, record_id record);

  [[nodiscard]] bool has(std::string_view model, record_id record);

  /// The device's highest pending number; none when nothing is pending.
  [[nodiscard]] device_sequence_number last(device_id device);

  /// Operations of `own` after `after`, whole transactions, about `limit`;
  /// before them those that other devices made and this one took back from a
  /// log that was cut.
  [[nodiscard]] std::vector<operation>
  fetch(device_id own, device_sequence_number after, std::uint32_t limit);

  /// Everything, in order.
  [[nodiscard]] std::vector<operation> all();

  [[nodiscard]] std::uint64_t count();

private:
  statement_cache& statements_;
};

} // namespace lockstep

#pragma once

#include "messages/operation.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace lockstep {

/// An operation that left the queue.
struct taken_operation {
  operation what;
  /// Whether its image stood in the table.
  bool shown = true;
};

/// Operations that are not in the log yet, in order (lockstep_pending). Throws
/// SQLite::Exception.
class pending_queue {
public:
  explicit pending_queue(statement_cache& statements)
    : statements_(statements) {
  }

  /// Adds at the end; one that is there already stays as it is. `shown` says
  /// whether its image stands in the table.
  void add(const operation& what, bool shown = true);

  /// Takes one out; nothing when it is not there.
  std::optional<taken_operation> take(device_id device,
                                      device_sequence_number number);

  /// Adds operations before all others, in their order.
  void add_in_front(const std::vector<taken_operation>& list);

  /// Notes whether an operation's image stands in the table: one that would
  /// break a constraint here steps aside until it is settled.
  void set_shown(device_id device, device_sequence_number number, bool shown);

  void clear();

  /// The record's newest pending operation whose image stands in the table.
  std::optional<operation> newest_of(std::string_view model, record_id record);

  [[nodiscard]] bool has(std::string_view model, record_id record);

  /// The device's highest pending number; none when nothing is pending.
  [[nodiscard]] device_sequence_number last(device_id device);

  /// Operations of `own` after `after`, whole transactions, about `limit`;
  /// before them those that other devices made and this one took back from a
  /// log that was cut, whole transactions too.
  [[nodiscard]] std::vector<operation>
  fetch(device_id own, device_sequence_number after, std::uint32_t limit);

  /// Everything, in order.
  [[nodiscard]] std::vector<operation> all();

  [[nodiscard]] std::uint64_t count();

private:
  void insert(const taken_operation& taken, std::optional<std::int64_t> id);

  statement_cache& statements_;
};

} // namespace lockstep

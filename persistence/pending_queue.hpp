#pragma once

#include "messages/library_requests.hpp"
#include "persistence/operation_keeper.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// An operation that left the queue.
struct taken_operation {
  operation what;
  /// Whether its image stood in the table.
  bool shown = true;
};

/// One device's transaction in a queue.
struct queued_transaction {
  device_id device;
  operation_range numbers;
  std::uint64_t size = 0;

  /// Whether the memory holds it.
  [[nodiscard]] bool is_small() const {
    return size <= 1'000;
  }
};

/// A device's operations got other numbers: those from `first` on, each higher
/// `by` so much.
struct renumbering {
  device_sequence_number first;
  std::uint64_t by = 0;
};

/// Operations that are not in the log yet, in order: this device's own and
/// those it took back (lockstep_pending), or the pieces of proposals that other
/// devices sent (lockstep_proposed). Throws SQLite::Exception.
class pending_queue {
public:
  pending_queue(statement_cache& statements, std::string table)
    : statements_(statements), table_(std::move(table)) {
  }

  /// Adds at the end; one that is there already stays as it is. `shown` says
  /// whether its image stands in the table.
  void add(const operation& what, bool shown = true);

  /// Makes one transaction of a device's operations with these numbers.
  void join(device_id device, operation_range all);

  /// Ends each transaction where the next number of its device is another
  /// one's: what a leader adds to one gets a number after all that waits.
  void end_before_others();

  /// Takes one out; nothing when it is not there. Its transaction ends with the
  /// last that is left of it: what is left would wait for its end for ever.
  std::optional<taken_operation> take(device_id device,
                                      device_sequence_number number);

  /// The operation with the number of this entry, where it has another time.
  [[nodiscard]] std::optional<operation> of_another_time(const entry& what);

  /// Gives a device's operations from `first` on new numbers from `free` on,
  /// which is above all that they have.
  renumbering renumber(device_id device, device_sequence_number first,
                       device_sequence_number free);

  /// Where the first of `count` operations comes that go before all others.
  [[nodiscard]] std::int64_t place_in_front(std::uint64_t count);
  [[nodiscard]] static bool is_in_front(std::int64_t place) {
    return place <= 0;
  }
  /// Adds one at a place; one that is there already stays as it is.
  void add_at(std::int64_t place, const taken_operation& taken);

  /// Moves an operation to another base.
  void set_base(std::int64_t place, const operation& what);

  /// What is based on a version of the record, and on the operation `from`, or
  /// none, is based on `to`.
  void move_bases(std::string_view model, record_id record,
                  device_sequence_number from, device_sequence_number to);

  /// Notes whether operations' images stand in the table: what would break a
  /// constraint here steps aside until it is settled.
  void set_shown(device_id device, operation_range which, bool shown);

  /// Moves the times of a device's operations after `after`, but of those that
  /// were taken back: others know them by their times.
  void move_times(device_id device, device_sequence_number after,
                  std::chrono::milliseconds by);

  void clear();

  /// The record's newest pending operation whose image stands in the table.
  std::optional<operation> newest_of(std::string_view model, record_id record);

  [[nodiscard]] bool has(std::string_view model, record_id record);

  [[nodiscard]] bool is_empty();

  /// The device's highest pending number; none when nothing is pending.
  [[nodiscard]] device_sequence_number last(device_id device);

  /// What `own` is to propose next, in the order in which it came to be: its
  /// operations after `after`, and those that other devices made and this one
  /// took back from a log that was cut. Whole transactions, about `limit`
  /// operations of either; of `own` also a piece of one that is too large,
  /// which then comes last.
  [[nodiscard]] pending_batch fetch(device_id own, device_sequence_number after,
                                    std::uint32_t limit);

  /// Runs `action` for each, in order, with the place that `at` takes.
  void
  for_each(const std::function<void(const operation&, std::int64_t)>& action);
  [[nodiscard]] std::optional<operation> at(std::int64_t place);
  /// Those about a model's records, with their places.
  std::vector<std::pair<operation, std::int64_t>>
  all_of(std::string_view model);

  /// The same for those with a device's numbers.
  expected<void>
  for_each_in(device_id device, operation_range which,
              const std::function<expected<void>(const operation&)>& action);

  /// The transactions, in the order of their first operations.
  [[nodiscard]] std::vector<queued_transaction> transactions();

  /// All of a device's operations as if they were one transaction; size 0 when
  /// there are none.
  [[nodiscard]] queued_transaction of(device_id device);

  [[nodiscard]] bool holds(device_id device, device_sequence_number number);

  /// Forgets a device's operations.
  void erase(device_id device);

  /// Takes over all that `other` holds.
  void take_all(pending_queue& other);

  /// Everything, in order.
  [[nodiscard]] std::vector<operation> all();

  [[nodiscard]] std::uint64_t count();

private:
  class stream;
  struct budget;

  /// Moves a transaction into the list; of a large one a piece where that may
  /// be, and then says false: a piece comes last.
  static bool take_transaction(stream& from, budget& left, bool may_be_piece,
                               std::vector<operation>& list);
  void insert(const taken_operation& taken, std::optional<std::int64_t> place);
  /// Ends the transaction that ended with `end` with what is left of it.
  void end_without(device_id device, device_sequence_number end);
  /// SQL in which "$" stands for the table.
  prepared use(std::string_view text);
  prepared select(std::string_view rest);
  [[nodiscard]] bool has_other_than(device_id own);
  /// Where the transaction of this one begins with earlier ones: the number of
  /// the one right before it.
  device_sequence_number begun_before(const operation& what);
  /// The operation in a row that `select` gave.
  static operation read(SQLite::Statement& row);

  statement_cache& statements_;
  std::string table_;
};

} // namespace lockstep

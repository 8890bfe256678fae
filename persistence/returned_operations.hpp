#pragma once

#include "persistence/library_store.hpp"
#include "persistence/merged_entries.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// What is based on a life of a record that this deletion ended: nothing that
/// any later life can be taken for.
device_sequence_number mark_of_life(const entry& deletion);

/// Entries that are taken back from the log, as the operations that they were.
/// Needs the log as it was, and each record's place in the index. Throws.
class returned_operations {
public:
  /// The log is to be cut after `keep`.
  returned_operations(library_store& store, sequence_number keep)
    : store_(store), keep_(keep) {
  }

  /// The operations of one transaction, given with all of it that the log
  /// holds.
  [[nodiscard]] std::vector<taken_operation>
  of(std::span<const entry> transaction);

  /// An operation that was based on one of them is based on it wherever that
  /// comes to stand; whether that changed it.
  bool rebase(operation& what);

private:
  struct returned {
    operation what;
    bool shown = true;
    /// The record's entry before it; none where it follows on none.
    sequence_number previous;
    /// Its own entry; none where its base lies anywhere before.
    sequence_number sequence;
    /// Its number alone is used up.
    bool is_nothing = false;
  };
  void add(const entry& what);
  void add_nothing(const entry& what);
  bool add_decision(const entry& what);
  operation* merged_into(const entry& what);
  [[nodiscard]] bool ends_conflict_of_last(const entry& what) const;
  [[nodiscard]] std::vector<std::string> changed_by(const entry& what) const;
  void set_base_of_merged(operation& what, const entry& merged);
  void sort_by_device();

  bool rebase(operation& what, sequence_number newest, sequence_number later);
  bool build_on_vacuumed(operation& what, sequence_number later);
  void build_on(operation& what, const entry& base);
  void begin_at(operation& what, const operation_name& base,
                sequence_number at);
  static void build_on_unknown(operation& what);
  static void mark_base(operation& what);
  /// What a record was before all of its entries that go.
  struct beginning {
    version_number version;
    /// Whether that is not in the log any more.
    bool vacuumed = false;
  };
  beginning beginning_of(const record_key& record, sequence_number from);
  /// What its writer had seen of the record, for what builds on it.
  void remember(const operation& what);
  [[nodiscard]] entry_lookup lookup() const;
  [[nodiscard]] std::optional<entry> at(sequence_number where) const;
  [[nodiscard]] nlohmann::json image_at(sequence_number where) const;

  library_store& store_;
  sequence_number keep_;
  /// Those of some records.
  std::map<record_key, beginning> beginnings_;
  /// Of operations that go, the version that each was made of.
  std::map<std::pair<device_id, device_sequence_number>, version_number> seen_;
  /// Of the transaction at hand.
  std::vector<returned> list_;
};

} // namespace lockstep

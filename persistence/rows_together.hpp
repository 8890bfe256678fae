#pragma once

#include "persistence/library_store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// What a record's row is to be.
struct wanted_row {
  std::string model;
  record_id record;
  change_type change = change_type::update;
  std::string data;
  standing whose = standing::canonical;
};

/// A row that would break a constraint, or whose image makes no sense.
struct unshown_row {
  std::size_t index = 0; ///< In the list of wanted rows.
  failure why;
};

/// Shows one row; why it does not fit, if it does not. Throws what concerns all
/// rows.
std::optional<failure> show_one(library_store& store, const wanted_row& row);

/// Whether rows of the table get a number before they are shown.
bool reserves_numbers(const tracked_table_schema& schema);

/// A new row gets its number first, since others may refer to it.
void reserve_number(library_store& store, const wanted_row& row);

/// A record's row as the log has it. Throws where the log lacks its newest
/// entry.
wanted_row canonical_row(library_store& store, const record_key& key);

/// The same with this device's pending operations on top.
wanted_row current_row(library_store& store, const record_key& key);

/// Whether the row is what it is to be.
bool is_shown(library_store& store, const wanted_row& row);

/// While it lives, no trigger acts. SQLite prepares its statements anew at both
/// ends, which pays from `many_rows` on.
class without_triggers {
public:
  explicit without_triggers(library_store& store) : store_(store) {
    store_.allow_triggers(false);
  }
  without_triggers(const without_triggers&) = delete;
  without_triggers& operator=(const without_triggers&) = delete;
  ~without_triggers() {
    store_.allow_triggers(true);
  }

private:
  library_store& store_;
};

inline constexpr std::size_t many_rows = 100;

/// Makes rows what one transaction wants them to be. A transaction may move a
/// unique value from row to row, even in a circle, so the rows' order is found
/// here: what does not fit yet waits, and a circle is lifted out of the table
/// and put back. Returns the rows that do not fit at all. Foreign keys are the
/// caller's to check. In a transaction; throws as library_store does.
std::vector<unshown_row> show_together(library_store& store,
                                       const std::vector<wanted_row>& list);

/// Tries those that did not fit again, without any trigger: what the
/// application's triggers refuse was accepted where it was written, where they
/// may have seen more. Only for rows that the log says. Returns those that
/// still do not fit.
std::vector<unshown_row>
show_unchecked(library_store& store, std::vector<unshown_row> unshown,
               const std::function<wanted_row(std::size_t)>& at);

} // namespace lockstep

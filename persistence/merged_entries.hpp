#pragma once

#include "persistence/library_store.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// Reads an entry by its place; nothing where it is not there any more.
using entry_lookup = std::function<std::optional<entry>(sequence_number)>;

/// The operation that an entry is, made of the version before it.
operation operation_of(const entry& what);

/// The columns of an object `now` that are otherwise in the object `before`.
std::vector<std::string> changed_columns(const nlohmann::json& before,
                                         const nlohmann::json& now);

/// The entry before this one that says what was written, where this one says
/// what its leader merged that into.
std::optional<entry> written_of(const entry& merged, const entry_lookup& at);

/// What `what`, which is made of this entry, says that it is based on. Of a
/// merged one that is the operation that was merged, where `what` cannot tell
/// them apart: else it would have seen, in another log, what was lost in this
/// one.
device_sequence_number reference_to_entry(const operation& what,
                                          const entry& base,
                                          const entry_lookup& at);

/// Whether an operation was built on what this entry says.
bool is_built_on(const operation& what, const entry& base,
                 const entry_lookup& at);

/// What the writer of an operation that was merged had seen, and changed.
struct merge_base {
  version_number version; ///< None where that cannot be told.
  std::vector<std::string> changed;
};

/// The newest state of the record with which the same comes out. `written` is
/// the operation's own entry. Nothing tells what a host's function had seen but
/// the columns that the writer left alone. Throws.
merge_base base_of_merged(library_store& store, const entry& written,
                          const entry& merged, const entry_lookup& at);

} // namespace lockstep

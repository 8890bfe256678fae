#pragma once

#include "messages/errors.hpp"
#include "messages/numbers.hpp"
#include "persistence/library_folder.hpp"

#include <optional>

namespace lockstep {

/// What a repair that has begun to change files had found before: a file that
/// it has replaced already shows that no more.
struct repair_journal {
  /// Whether the log was damaged or missing, so that its new one may lack what
  /// other members hold.
  bool log_was_cut = false;
  /// Where the log ended as far as the tables knew.
  sequence_number known;
};

/// The journal of a repair that has begun and is not over; nothing where there
/// is none. One that cannot be understood says the worst.
expected<std::optional<repair_journal>>
read_repair_journal(const library_folder& folder);

/// On the disk once this returns.
expected<void> write_repair_journal(const library_folder& folder,
                                    const repair_journal& what);

/// The repair is over.
expected<void> remove_repair_journal(const library_folder& folder);

} // namespace lockstep

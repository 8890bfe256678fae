#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace lockstep {

/// Entries that left a log, in a folder: files named FIRST-LAST.jsonl.zst (or
/// FIRST-LAST.N.jsonl.zst), by the sequences of their first and last entry,
/// each Zstandard-compressed JSON lines, one an entry, in order. The names are
/// the index. The ranges of two files may overlap, since what is superseded
/// later goes later.
class entry_archive {
public:
  explicit entry_archive(std::filesystem::path folder)
    : folder_(std::move(folder)) {
  }

  /// Adds one file; makes the folder when it is not there. It is on the disk
  /// when this returns. `list` is in order and not empty.
  expected<void> add(std::span<const entry> list) const;

  /// Calls `take` for each entry after `since`, in order and once, until it
  /// returns false. Errors: `corrupt` where a file cannot be read.
  expected<void> read(sequence_number since,
                      const std::function<bool(const entry&)>& take) const;

private:
  std::filesystem::path folder_;
};

/// One line of the archive, without its end, and the entry in it. Every field
/// is there; the timestamp is the packed number.
std::string archived_line(const entry& what);
expected<entry> parse_archived_line(std::string_view line);

} // namespace lockstep

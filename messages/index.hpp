#pragma once

#include "messages/errors.hpp"
#include "messages/events.hpp"
#include "messages/json.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// What is said about indexing: walking a location's folder into a table of
/// database.db, and the one entry that tells the other devices about it.
namespace lockstep {

enum class file_kind : std::uint8_t {
  file = 1,
  directory = 2,
  other = 3, ///< A symbolic link (never followed), socket, device, …
};

/// "file", "directory" or "other".
std::string_view to_string(file_kind kind);

/// One row of the index.
struct indexed_file {
  /// Below the location's folder, with slashes; the bytes are the file
  /// system's and may be no UTF-8.
  std::string path;
  file_kind kind = file_kind::file;
  std::uint64_t size = 0;    ///< Bytes; 0 for what is no file.
  std::int64_t modified = 0; ///< Milliseconds since 1970.
  std::uint64_t inode = 0;

  bool operator==(const indexed_file&) const = default;
};

/// Walk this folder and replace the location's rows by what is there.
struct index_location {
  record_id location;
  std::filesystem::path folder;
};

/// Stop; what was asked for is then answered with `errc::cancelled`.
struct cancel_indexing {
  record_id location;
};

struct index_outcome {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t bytes = 0;
  /// Folders and files that could not be read; their rows are missing.
  std::uint64_t unreadable = 0;

  bool operator==(const index_outcome&) const = default;
};

/// Rows to write, in one transaction. The run's first batch removes the
/// location's rows of before. A run that fails or is cancelled sends no last
/// batch; the next run begins anew.
struct write_index_batch {
  record_id location;
  bool first = false;
  bool last = false;
  std::vector<indexed_file> rows;
};

/// What stands in the log for many rows that do not travel: the data of an
/// entry of model `bulk_model`.
struct bulk_operation {
  std::string operation = "InitialIndex";
  record_id location;
  /// Where the device that did it has the folder.
  std::string path;
  std::uint64_t count = 0;
  /// What may help a follower to do the same with its own copy.
  std::vector<std::string> hints;

  bool operator==(const bulk_operation&) const = default;
};

/// Bytes of a bulk operation's image at most, whatever its count.
inline constexpr std::size_t bulk_image_limit = 10'000;
/// Hints that travel at most; the rest is left out.
inline constexpr std::size_t bulk_hint_limit = 16;

/// The image as a JSON object. Leaves out the hints, and at last the path, that
/// would make it longer than `bulk_image_limit`.
std::string to_image(const bulk_operation& what);

/// Fails with `invalid_argument` for what is no image of a bulk operation.
expected<bulk_operation> bulk_operation_from_image(std::string_view text);

} // namespace lockstep

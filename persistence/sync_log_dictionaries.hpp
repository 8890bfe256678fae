#pragma once

#include "config/log_settings.hpp"
#include "messages/operation.hpp"
#include "persistence/image_packer.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// The dictionaries of a log, with which images are packed in its rows and
/// unpacked again. They are never changed and never removed. Throws
/// SQLite::Exception; what is damaged is SQLITE_CORRUPT.
class sync_log_dictionaries {
public:
  explicit sync_log_dictionaries(statement_cache& statements)
    : statements_(&statements) {
  }

  /// The image of a row whose data is a BLOB.
  std::string unpacked(std::string_view packed, record_id record);

  /// For the writer: from here on images are packed, or not.
  void set_up(const log_settings& how) {
    how_ = how;
  }

  /// What the writer stores instead of `what`'s image; empty where it stores
  /// that as it is. Valid until the next call. Now and then it makes a
  /// dictionary of the newest entries first, which takes some milliseconds:
  /// once there are enough, and then where a new one is worth it. In a
  /// transaction; when that fails, the writer calls `forget`.
  std::string_view packed(const entry& what);

  /// Has the writer pack with a dictionary of another log, from now on.
  void adopt(std::string_view bytes);

  /// The newest one that is whole; empty where there is none.
  std::string newest();

  /// The numbers of those that are damaged.
  std::vector<std::int64_t> damaged();

  /// Reads everything anew when it is next asked for.
  void forget();

private:
  /// False where it is damaged.
  bool load(std::uint8_t number);
  /// Images of the newest entries, shortened.
  struct sample_list {
    std::vector<std::string> images;
    /// How many more the log would have to hold; 0 where these are enough.
    std::uint64_t missing = 0;
  };
  sample_list newest_images(std::uint64_t least, std::uint64_t most);
  void look_for_newest();
  void renew(sequence_number before);
  /// A dictionary; nothing where the newest one is good enough.
  std::optional<std::string> better_one(const std::vector<std::string>& images);
  void insert(std::string_view bytes, sequence_number fits_at);

  statement_cache* statements_;
  image_packer packer_;
  log_settings how_;
  /// The writer's newest one: nothing before it was looked for, 0 for none.
  std::optional<std::uint8_t> newest_;
  /// The entry before which it is next seen whether a new one is worth it.
  sequence_number look_at_;
};

} // namespace lockstep

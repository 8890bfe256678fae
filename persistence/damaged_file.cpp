#include "persistence/damaged_file.hpp"

#include "messages/clock.hpp"
#include "persistence/atomic_file.hpp"
#include "persistence/own_schema.hpp"
#include "persistence/sqlite_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <limits>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

/// What SQLite keeps beside a file.
constexpr std::array<const char*, 3> beside{"-wal", "-shm", "-journal"};

fs::path with(const fs::path& file, const std::string& suffix) {
  return fs::path{file.string() + suffix};
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(file, ignored));
}

expected<void> move_file(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  fs::rename(from, to, problem);
  if (problem)
    return tl::make_unexpected(
      system_failure(problem.value(), "Cannot move " + from.string()));
  return {};
}

/// A name beside the file that nothing has: "sync.db.damaged-2026-01-01T…".
fs::path name_for_damaged(const fs::path& file) {
  auto stamp = to_string(std::chrono::time_point_cast<wall_time::duration>(
    std::chrono::system_clock::now()));
  const auto first = with(file, ".damaged-" + stamp);
  auto free = first;
  for (int i = 2; is_there(free); ++i)
    free = with(first, "-" + std::to_string(i));
  return free;
}

/// Puts a replacement where no file is any more. What SQLite kept beside that
/// goes with it first: it would take it for the new one's.
expected<void> put_in_place(const fs::path& file, const fs::path& kept_as) {
  for (const auto* part : beside)
    if (is_there(with(file, part)))
      if (auto moved = move_file(with(file, part), with(kept_as, part)); !moved)
        return moved;
  return sync_folder(file.parent_path())
    .and_then([&] { return move_file(replacement(file), file); })
    .and_then([&] { return sync_folder(file.parent_path()); });
}

std::string schema_complaint(SQLite::Database& database, const fs::path& file,
                             std::span<const migration> made_by) {
  const auto said = own_schema_complaint(database, made_by);
  return said.empty() ? said : file.string() + " is damaged (" + said + ").";
}

/// The complaint about a file that can be opened; empty when there is none.
std::string complaint(SQLite::Database& database, const fs::path& file,
                      std::span<const migration> made_by) {
  constraint_complaints no_damage{made_by};
  // Those of a constraint may come first; only then as many as there are.
  for (const int most : {100, std::numeric_limits<int>::max()}) {
    SQLite::Statement rows{database, "PRAGMA integrity_check("
                                       + std::to_string(most) + ")"};
    int seen = 0;
    for (; rows.executeStep(); ++seen)
      if (auto said = rows.getColumn(0).getString();
          said != "ok" && !no_damage.contain(said)) {
        std::replace(said.begin(), said.end(), '\n', ' ');
        return file.string() + " is damaged (" + said + ").";
      }
    if (seen < most)
      break;
  }
  return schema_complaint(database, file, made_by);
}

/// How long a database says that it is; 0 where it says nothing.
std::uintmax_t length_in_header(const fs::path& file) {
  std::array<unsigned char, 32> header{};
  std::ifstream stream{file, std::ios::binary};
  stream.read(reinterpret_cast<char*>(header.data()), header.size());
  constexpr std::string_view magic = "SQLite format 3";
  if (!stream || !std::equal(magic.begin(), magic.end(), header.begin()))
    return 0;
  auto number = [&](std::size_t at, std::size_t bytes) {
    std::uintmax_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8U | header.at(at + i);
    return value;
  };
  // The largest page does not fit into its two bytes, and is written as 1.
  const auto page = number(16, 2) == 1 ? 65'536 : number(16, 2);
  return page * number(28, 4);
}

} // namespace

at_full_length::at_full_length(const fs::path& file) : file_(file) {
  std::error_code problem;
  const auto length = fs::file_size(file, problem);
  const auto full = length_in_header(file);
  // A header may be damaged, too.
  if (problem || full <= length || full / 64 > length)
    return;
  // No more room is needed: what nobody has written is not stored.
  fs::resize_file(file, full, problem);
  length_ = length;
}

at_full_length::~at_full_length() {
  std::error_code ignored;
  if (length_ != 0)
    fs::resize_file(file_, length_, ignored);
}

bool constraint_complaints::contain(std::string_view said) {
  for (const std::string_view begin :
       {"NULL value in ", "CHECK constraint failed in "}) {
    if (!said.starts_with(begin))
      continue;
    if (own_.empty())
      own_ = own_names(made_by_);
    // After the table's name may be a column's.
    const auto name = said.substr(begin.size());
    return !own_.contains(std::string{name.substr(0, name.find('.'))});
  }
  return false;
}

expected<repaired_file> examine_file(const fs::path& file,
                                     std::span<const migration> made_by) {
  repaired_file found{file.string(), file_state::whole, {}, {}};
  std::error_code unreadable;
  if (!is_there(file)) {
    found.found = file_state::missing;
    found.why = file.string() + " is not there.";
    return found;
  }
  if (fs::file_size(file, unreadable) == 0 && !unreadable) {
    found.found = file_state::damaged;
    found.why = file.string() + " is empty.";
    return found;
  }
  auto damaged = [&](const failure& why) -> expected<repaired_file> {
    // A statement is wrong only where a name in the file is.
    if (why.code != errc::corrupt && why.code != errc::invalid_argument)
      return tl::make_unexpected(why);
    found.found = file_state::damaged;
    found.why = why.message;
    return found;
  };
  auto database = open_sqlite(file, open_mode::read_only, made_by);
  if (!database)
    return damaged(database.error());
  try {
    found.why = complaint(**database, file, made_by);
    if (!found.why.empty())
      found.found = file_state::damaged;
    return found;
  } catch (const SQLite::Exception& what) {
    return damaged(sqlite_failure(what, file));
  }
}

std::string examine_schema(const fs::path& file,
                           std::span<const migration> made_by) {
  const auto database = open_sqlite(file, open_mode::read_only);
  try {
    return database ? schema_complaint(**database, file, made_by)
                    : std::string{};
  } catch (const SQLite::Exception&) {
    return {};
  }
}

fs::path unfinished_replacement(const fs::path& of) {
  return with(of, ".unfinished");
}

fs::path replacement(const fs::path& of) {
  return with(of, ".repaired");
}

void clear_unfinished_replacement(const fs::path& of) {
  std::error_code ignored;
  const auto file = unfinished_replacement(of);
  for (const auto* part : beside)
    fs::remove(with(file, part), ignored);
  fs::remove(file, ignored);
  // Whole, and the only one where the old file was moved aside already.
  if (is_there(of))
    fs::remove(replacement(of), ignored);
}

expected<fs::path> replace(const fs::path& file) {
  const auto folder = file.parent_path();
  // Whole and closed: all of it is in the one file.
  std::error_code none;
  if (fs::file_size(with(unfinished_replacement(file), "-wal"), none) > 0
      && !none)
    return fail(errc::io, "The new file for " + file.string()
                            + " could not be written to its end; free some"
                              " space and try again.");
  if (auto ready = move_file(unfinished_replacement(file), replacement(file));
      !ready)
    return tl::make_unexpected(ready.error());
  if (auto durable = sync_folder(folder); !durable)
    return tl::make_unexpected(durable.error());
  const auto aside = name_for_damaged(file);
  fs::path kept_as;
  if (is_there(file)) {
    kept_as = aside;
    if (auto moved = move_file(file, kept_as); !moved)
      return tl::make_unexpected(moved.error());
  }
  return put_in_place(file, aside).map([&] { return kept_as; });
}

expected<void> finish_replacement(const fs::path& file) {
  if (is_there(file) || !is_there(replacement(file)))
    return {};
  return put_in_place(file, name_for_damaged(file));
}

} // namespace lockstep

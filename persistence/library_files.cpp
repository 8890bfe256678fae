#include "persistence/library_files.hpp"

#include "persistence/damaged_file.hpp"
#include "persistence/library_schema.hpp"
#include "persistence/repair_journal.hpp"
#include "persistence/sqlite_file.hpp"
#include "persistence/sync_log_schema.hpp"

#include <utility>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

/// Not there, or without a page; SQLite is asked where the size says nothing.
bool is_missing_or_empty(const fs::path& file) {
  std::error_code unreadable;
  if (!fs::exists(file, unreadable))
    return !unreadable;
  if (fs::file_size(file, unreadable) != 0 || unreadable)
    return false;
  const auto opened = open_sqlite(file, open_mode::read_only);
  try {
    return opened && (*opened)->execAndGet("PRAGMA page_count").getInt64() == 0;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

} // namespace

std::optional<sequence_number> applied_in(const fs::path& database) {
  const auto opened = open_sqlite(database, open_mode::read_only);
  if (!opened)
    return std::nullopt;
  try {
    if (!(*opened)->tableExists("lockstep_state"))
      return std::nullopt;
    return sequence_number{static_cast<std::uint64_t>(
      (*opened)
        ->execAndGet("SELECT applied_sequence FROM lockstep_state")
        .getInt64())};
  } catch (const SQLite::Exception&) {
    return std::nullopt;
  }
}

expected<void> check_no_repair_begun(const library_folder& folder) {
  const auto begun = read_repair_journal(folder);
  if (!begun)
    return tl::make_unexpected(begun.error());
  if (begun->has_value())
    return fail(errc::corrupt, "A repair of \"" + folder.description.name
                                 + "\" was cut off before its end.");
  return {};
}

expected<void> check_library_files(const library_folder& folder) {
  const auto log = folder.sync_log_file();
  const auto database = folder.database_file();
  auto finished = finish_replacement(log).and_then(
    [&] { return finish_replacement(database); });
  if (!finished || !is_missing_or_empty(log))
    return finished;
  const auto applied = applied_in(database);
  if (!applied || !*applied)
    return {};
  return fail(errc::corrupt, log.string() + " is gone or empty, and "
                               + database.string()
                               + " shows what it said up to entry "
                               + to_string(*applied) + ".");
}

failure cause_of(const failure& said, const library_folder& folder) {
  if (said.code != errc::invalid_argument)
    return said;
  for (const auto& [file, made_by] :
       {std::pair{folder.sync_log_file(), sync_log_migrations()},
        std::pair{folder.database_file(), library_migrations()}})
    if (const auto found = examine_schema(file, made_by); !found.empty())
      return {errc::corrupt, found};
  return said;
}

} // namespace lockstep

#pragma once

#include "messages/errors.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace lockstep {

/// An exception of SQLite as a code and a sentence that names the file and says
/// what to do. A statement that SQLite does not understand is
/// `invalid_argument`.
failure sqlite_failure(const SQLite::Exception& what,
                       const std::filesystem::path& file);

enum class open_mode {
  create,    ///< For reading and writing; made when it is not there.
  existing,  ///< For reading and writing; `not_found` when it is not there.
  read_only, ///< For reading; `not_found` when it is not there.
};

/// One numbered step in the life of a file's schema. Never edited once landed.
struct migration {
  int number; ///< Counts from 1 without gaps.
  std::string_view name;
  std::string_view sql; ///< One or more statements.
};

/// Sets SQLite up for a program of Lockstep's own: no count of all its memory,
/// for which each allocation would wait its turn. For the whole process, before
/// SQLite is used first; a host does it for itself, or not.
void prepare_sqlite();

/// Opens a database in write-ahead mode with foreign keys on and a busy timeout
/// of five seconds, and reads its schema, so that what is no database is
/// refused here: `corrupt`, `io`, `read_only`, `busy`. When `known` is given, a
/// file with a migration beyond it is `newer_format`. A refused file is left
/// untouched.
expected<std::unique_ptr<SQLite::Database>>
open_sqlite(const std::filesystem::path& file, open_mode mode,
            std::span<const migration> known = {});

/// Whether the file that a database is in was moved, deleted or replaced since
/// it was opened: what is written is lost once it is closed.
bool file_is_gone(const SQLite::Database& database);

/// The same as a sentence: `io`.
failure gone_file(const std::filesystem::path& file);

/// Has foreign keys checked at the end of the open transaction, whatever their
/// table says. The connection's prepared statements stay as they are; those
/// that write must have been prepared in such a transaction. Throws.
void defer_foreign_keys(SQLite::Database& database);

/// Runs the migrations that the file does not record yet, each in a transaction
/// of its own that also records it in `lockstep_migration`. A file with a
/// migration beyond `known` is `newer_format` and left untouched.
expected<void> migrate(SQLite::Database& database,
                       const std::filesystem::path& file,
                       std::span<const migration> known);

} // namespace lockstep

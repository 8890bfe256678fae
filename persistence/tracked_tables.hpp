#pragma once

#include "messages/errors.hpp"
#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// How a tracked table differs from when it was last looked at.
struct table_change {
  const tracked_table_schema* schema = nullptr;
  /// It was dropped and made again, or another one has its name now.
  bool made_anew = false;
  /// Rows may have changed without a note: some of its triggers were gone.
  bool unobserved = false;
  /// Columns that were not there before, renamed ones among them.
  std::vector<std::string> new_columns;
};

/// The tables of database.db that Lockstep keeps in step (lockstep_model).
/// Throws SQLite::Exception; the store's edge turns it into a failure.
class tracked_tables {
public:
  explicit tracked_tables(SQLite::Database& database);

  /// Reads lockstep_model and the tables' schemas.
  void load();

  /// Looks whether database.db's schema has changed since the last look, by
  /// whomever; if so reads it anew, sees to the triggers and tells what became
  /// of the tables. In a transaction.
  std::vector<table_change> refresh();

  /// Starts tracking; in the caller's transaction. Refuses, with its reason, a
  /// table that cannot be tracked.
  expected<const tracked_table_schema*>
  track(const std::string& table, std::string model,
        const std::vector<std::string>& excluded);

  /// Stops tracking: removes the triggers and what lockstep_model says. In the
  /// caller's transaction. `not_found`; `constraint` while the key of another
  /// tracked table refers to this one.
  expected<tracked_table_schema> untrack(const std::string& table);

  /// SQLite's schema_version at the last look.
  [[nodiscard]] std::int64_t seen_version() const {
    return seen_version_;
  }

  [[nodiscard]] const tracked_table_schema*
  by_model(std::string_view model) const;
  [[nodiscard]] const tracked_table_schema* by_id(std::int64_t id) const;
  [[nodiscard]] const tracked_table_schema*
  by_table(std::string_view table) const;

  /// As they were named when tracking began.
  std::vector<std::string> excluded_of(std::int64_t id);

  /// In the order in which they were tracked.
  [[nodiscard]] std::vector<const tracked_table_schema*> all() const;

private:
  /// A row of lockstep_model.
  struct model_row {
    std::int64_t id;
    std::string model;
    std::string table;
    key_kind kind;
    std::vector<std::string> key_columns;
    std::vector<std::string> excluded;
    std::map<std::string, std::string> columns; ///< With earlier names.
    std::vector<std::string> column_order;
  };

  std::int64_t schema_version();
  std::vector<model_row> model_rows();
  tracked_table_schema schema_of(model_row& row);
  void keep_columns(const tracked_table_schema& schema);
  std::optional<failure> key_refusal(const tracked_table_schema& schema) const;

  SQLite::Database& database_;
  std::map<std::int64_t, std::unique_ptr<tracked_table_schema>> tables_;
  std::unique_ptr<SQLite::Statement> version_;
  std::int64_t seen_version_ = -1;
};

/// Says of a tracked table that is not there what to do.
std::string complaint_of_gone(const tracked_table_schema& schema);

} // namespace lockstep

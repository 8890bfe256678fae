#include "persistence/sync_log_store.hpp"

#include "persistence/sync_log_accepted.hpp"
#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"
#include "persistence/sync_log_schema.hpp"

namespace lockstep {

namespace {

/// Undoes what a crash cut off before the file had its write-ahead log, as
/// whoever opens it for writing does; who only reads it is refused until then.
bool undo_unfinished(const std::filesystem::path& file) {
  try {
    SQLite::Database database{file.string(), SQLite::OPEN_READWRITE};
    database.execAndGet("SELECT count(*) FROM sqlite_schema");
    return true;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

/// Looks without writing, so that a file of another kind stays as it is.
expected<void> check_file(const std::filesystem::path& file) {
  std::error_code unreadable;
  auto size = std::filesystem::file_size(file, unreadable);
  if (unreadable || size == 0)
    return {}; // Whether it can be made is for the real opening to say.
  auto database = open_sqlite(file, open_mode::read_only);
  if (!database && database.error().code == errc::read_only
      && undo_unfinished(file))
    database = open_sqlite(file, open_mode::read_only);
  if (!database)
    return tl::make_unexpected(database.error());
  return check_sync_log(**database, file, true);
}

} // namespace

sync_log_store::sync_log_store(std::unique_ptr<connection> opened)
  : sync_log_reader(std::move(opened)) {
}

sync_log_store::sync_log_store(sync_log_store&&) noexcept = default;

sync_log_store& sync_log_store::operator=(sync_log_store&&) noexcept = default;

sync_log_store::~sync_log_store() = default;

expected<sync_log_store> sync_log_store::open(const std::filesystem::path& file,
                                              const log_settings& how) {
  if (auto usable = check_file(file); !usable)
    return tl::make_unexpected(usable.error());
  auto database = open_sqlite(file, open_mode::create, sync_log_migrations());
  if (!database)
    return tl::make_unexpected(database.error());
  auto migrated = migrate(**database, file, sync_log_migrations());
  if (!migrated)
    return tl::make_unexpected(migrated.error());
  auto opened = std::make_unique<connection>(file, std::move(*database));
  auto durable = opened->run<void>([&]() -> expected<void> {
    opened->database->exec("PRAGMA synchronous=FULL");
    return {};
  });
  if (!durable)
    return tl::make_unexpected(durable.error());
  opened->dictionaries.set_up(how);
  return sync_log_store{std::move(opened)};
}

expected<void> sync_log_store::adopt_dictionary(std::string_view bytes) {
  return connection_->write<void>([&]() -> expected<void> {
    connection_->dictionaries.adopt(bytes);
    return {};
  });
}

expected<void> sync_log_store::accept(std::span<const accepted_range> ranges) {
  return connection_->write<void>([&]() -> expected<void> {
    accepted_changes changes{connection_->statements, connection_->names};
    for (const auto& range : ranges)
      changes.insert(range);
    changes.store();
    return {};
  });
}

expected<void>
sync_log_store::store_leadership(const leadership_record& record) {
  return connection_->write<void>([&]() -> expected<void> {
    auto store = connection_->statements.use(
      "INSERT OR REPLACE INTO leadership VALUES(1, ?, ?, ?, ?, ?, ?)");
    store->bind(1, to_sql(record.current.term.value));
    bind_id(*store, 2, record.current.device);
    store->bind(3, to_sql(record.vote.term.value));
    bind_id(*store, 4, record.vote.device);
    bind_id(*store, 5, record.leader);
    store->bind(6, std::int64_t{record.lease_end.time_since_epoch().count()});
    store->exec();
    return {};
  });
}

expected<void> sync_log_store::note_forgotten(const forgotten_deletions& what) {
  return connection_->write<void>([&]() -> expected<void> {
    connection_->store_forgotten(what);
    return {};
  });
}

expected<void> sync_log_store::note_birth(std::uint64_t birth) {
  return connection_->write<void>([&]() -> expected<void> {
    auto store = connection_->statements.use("UPDATE log_state SET birth = ?");
    store->bind(1, to_sql(birth));
    store->exec();
    return {};
  });
}

expected<void>
sync_log_store::store_progress(std::span<const member_progress> members) {
  return connection_->write<void>([&]() -> expected<void> {
    auto store = connection_->statements.use(
      "INSERT OR REPLACE INTO progress VALUES(?, ?, ?)");
    for (const auto& member : members) {
      bind_id(*store, 1, member.device);
      store->bind(2, to_sql(member.acknowledged.value));
      store->bind(3,
                  std::int64_t{member.last_contact.time_since_epoch().count()});
      store->exec();
      store->reset();
    }
    return {};
  });
}

} // namespace lockstep

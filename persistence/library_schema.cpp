#include "persistence/library_schema.hpp"

#include <array>

namespace lockstep {

namespace {

// Never edited once landed: what comes later is a new migration.
constexpr std::string_view first = R"sql(
  CREATE TABLE lockstep_model(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    table_name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    key_kind TEXT NOT NULL,        -- uuid
    key_columns TEXT NOT NULL,     -- JSON array of names
    excluded TEXT NOT NULL,        -- JSON array of names
    policy TEXT NOT NULL DEFAULT 'last_writer_wins'
  );
  CREATE TABLE lockstep_touched(
    id INTEGER PRIMARY KEY,
    model INTEGER NOT NULL,
    key,                           -- the row's key as it stands in the table
    changed TEXT                   -- names of changed columns; NULL: all
  );
  CREATE TABLE lockstep_pending(
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    device_sequence INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    model TEXT NOT NULL,
    record_id BLOB NOT NULL,
    change_type INTEGER NOT NULL,
    base_version INTEGER NOT NULL,
    base_operation INTEGER NOT NULL,
    changed TEXT NOT NULL,         -- JSON array of names
    transaction_end INTEGER NOT NULL,
    data TEXT NOT NULL,
    shown INTEGER NOT NULL DEFAULT 1,
    UNIQUE(device, device_sequence)
  );
  CREATE INDEX lockstep_pending_record ON lockstep_pending(record_id, model);
  CREATE TABLE lockstep_identity(
    model INTEGER NOT NULL,
    key NOT NULL,                  -- record id where that is the row's key
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY(model, key)
  ) WITHOUT ROWID;
  CREATE TABLE lockstep_tombstone(
    model INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY(model, record_id)
  ) WITHOUT ROWID;
  CREATE TABLE lockstep_record(
    model TEXT NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    PRIMARY KEY(model, record_id)
  ) WITHOUT ROWID;
  CREATE TABLE lockstep_set_aside(
    sequence INTEGER PRIMARY KEY,  -- an entry that cannot be applied here
    reason TEXT NOT NULL
  );
  CREATE TABLE lockstep_state(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    applied_sequence INTEGER NOT NULL,
    applying INTEGER NOT NULL
  );
  INSERT INTO lockstep_state VALUES(1, 0, 0);
)sql";

constexpr std::array list{
  migration{1, "first tables", first},
};

} // namespace

std::span<const migration> library_migrations() {
  return list;
}

} // namespace lockstep

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

constexpr std::string_view keys_of_any_kind = R"sql(
  -- Which row of its table a record is, where the record id does not say it.
  CREATE TABLE lockstep_key(
    model INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    number INTEGER,                -- the rowid
    last_number INTEGER,           -- the one it had, when the row is gone
    key TEXT,                      -- values of the key columns as a JSON array
    PRIMARY KEY(model, record_id)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX lockstep_key_number ON lockstep_key(model, number)
    WHERE number IS NOT NULL;
  -- From here on triggers note keys as in persistence/noted_key.hpp.
  UPDATE lockstep_touched
    SET key = iif(typeof(key) = 'blob', 'b' || hex(key), 't' || key);
  -- What the record id of a new row is made from: kept with the note, so that
  -- a row that is captured twice after a crash is one record.
  ALTER TABLE lockstep_touched ADD COLUMN noted_at REAL;
  ALTER TABLE lockstep_touched ADD COLUMN random BLOB;
  -- Pieces of transactions that other devices propose, until all of it is here;
  -- as lockstep_pending.
  CREATE TABLE lockstep_proposed(
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    device_sequence INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    model TEXT NOT NULL,
    record_id BLOB NOT NULL,
    change_type INTEGER NOT NULL,
    base_version INTEGER NOT NULL,
    base_operation INTEGER NOT NULL,
    changed TEXT NOT NULL,
    transaction_end INTEGER NOT NULL,
    data TEXT NOT NULL,
    shown INTEGER NOT NULL DEFAULT 1,
    UNIQUE(device, device_sequence)
  );
  -- The journal mode that the file had before Lockstep opened it.
  ALTER TABLE lockstep_state ADD COLUMN journal_before TEXT NOT NULL DEFAULT '';
  -- The table's columns when it was last looked at: [[name, earlier name], ...]
  ALTER TABLE lockstep_model ADD COLUMN columns TEXT NOT NULL DEFAULT '[]';
)sql";

constexpr std::string_view library_time = R"sql(
  -- Milliseconds that it is ahead of the wall clock.
  ALTER TABLE lockstep_state ADD COLUMN clock_correction INTEGER NOT NULL
    DEFAULT 0;
)sql";

constexpr std::string_view first_sync = R"sql(
  -- 1 while the log of a library that this device is new to is still coming,
  -- 2 once it has come.
  ALTER TABLE lockstep_state ADD COLUMN first_sync INTEGER NOT NULL DEFAULT 0;
  -- Records as entries made them which a lost sync.db held: written anew where
  -- no other device has them so new.
  CREATE TABLE lockstep_unlogged(
    model TEXT NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    image TEXT NOT NULL,
    PRIMARY KEY(model, record_id)
  ) WITHOUT ROWID;
)sql";

constexpr std::string_view log_fetched_anew = R"sql(
  -- Whether all of the log was given back and it is not here again yet.
  ALTER TABLE lockstep_state ADD COLUMN fetching_anew INTEGER NOT NULL
    DEFAULT 0;
)sql";

constexpr std::string_view forgotten_numbers = R"sql(
  -- Numbers up to this one this device may have given, and forgotten.
  ALTER TABLE lockstep_state ADD COLUMN numbers_above INTEGER NOT NULL
    DEFAULT 0;
)sql";

constexpr std::string_view birth_of_file = R"sql(
  -- When this file was made: a copy has another time. NULL: not noted yet.
  ALTER TABLE lockstep_state ADD COLUMN birth INTEGER;
  -- The same of a sync.db that was put in the place of another, once its owner
  -- has seen that.
  ALTER TABLE lockstep_state ADD COLUMN birth_of_copied_log INTEGER;
)sql";

constexpr std::string_view forgotten_deletions = R"sql(
  -- Whether rows may be there whose deletion the log has forgotten.
  ALTER TABLE lockstep_state ADD COLUMN outlived_rows INTEGER NOT NULL
    DEFAULT 0;
  -- Where the entry stood in the log that was lost.
  ALTER TABLE lockstep_unlogged ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array list{
  migration{1, "first tables", first},
  migration{2, "keys of any kind", keys_of_any_kind},
  migration{3, "the library's time", library_time},
  migration{4, "first sync and repair", first_sync},
  migration{5, "a log that is fetched anew", log_fetched_anew},
  migration{6, "numbers that were forgotten", forgotten_numbers},
  migration{7, "birth of the file", birth_of_file},
  migration{8, "forgotten deletions", forgotten_deletions},
};

} // namespace

std::span<const migration> library_migrations() {
  return list;
}

} // namespace lockstep

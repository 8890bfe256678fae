#include "persistence/sync_log_schema.hpp"

#include <array>

namespace lockstep {

namespace {

// The log has no second index: a record's history is walked through
// `previous`, so that an append writes only at the log's end.
constexpr std::string_view log_and_state = R"sql(
PRAGMA application_id = 0x4c6b534c;

CREATE TABLE devices(
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK(length(id) = 16)
) STRICT;

CREATE TABLE models(
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE ballots(
  number INTEGER PRIMARY KEY,
  term INTEGER NOT NULL,
  device INTEGER NOT NULL REFERENCES devices,
  UNIQUE(term, device)
) STRICT;

CREATE TABLE sync_log(
  sequence INTEGER PRIMARY KEY,
  ballot INTEGER NOT NULL REFERENCES ballots,
  device INTEGER NOT NULL REFERENCES devices,
  device_sequence INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  model INTEGER NOT NULL REFERENCES models,
  record_id BLOB NOT NULL,
  change_type INTEGER NOT NULL,
  version INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  transaction_end INTEGER NOT NULL,
  chain INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;

CREATE TABLE accepted(
  device INTEGER NOT NULL REFERENCES devices,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(device, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE leadership(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  current_term INTEGER NOT NULL,
  current_device BLOB NOT NULL,
  vote_term INTEGER NOT NULL,
  vote_device BLOB NOT NULL,
  leader BLOB NOT NULL,
  lease_end INTEGER NOT NULL
) STRICT;

CREATE TABLE progress(
  device BLOB PRIMARY KEY,
  acknowledged INTEGER NOT NULL,
  last_contact INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log_state(
  only INTEGER PRIMARY KEY CHECK(only = 1),
  entries INTEGER NOT NULL,
  vacuumed_through INTEGER NOT NULL
) STRICT;
INSERT INTO log_state VALUES(1, 0, 0);

CREATE VIEW sync_log_readable AS
WITH readable_device(number, id) AS (
  SELECT number, lower(
    substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
    substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' ||
    substr(hex(id), 21))
  FROM devices)
SELECT
  sequence,
  readable_device.id AS device_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', (timestamp >> 16) / 1000.0, 'unixepoch')
    AS timestamp,
  models.name AS model_type,
  lower(
    substr(hex(record_id), 1, 8) || '-' || substr(hex(record_id), 9, 4) || '-'
    || substr(hex(record_id), 13, 4) || '-' || substr(hex(record_id), 17, 4)
    || '-' || substr(hex(record_id), 21)) AS record_id,
  CASE change_type WHEN 1 THEN 'insert' WHEN 2 THEN 'update'
    WHEN 3 THEN 'delete' WHEN 4 THEN 'bulk' END AS change_type,
  version,
  data
FROM sync_log
JOIN readable_device ON readable_device.number = sync_log.device
JOIN models ON models.number = sync_log.model;
)sql";

constexpr std::string_view vacuumed_bases = R"sql(
-- Whose operation the entry before this one of the same record was, for when
-- that one is vacuumed.
CREATE TABLE vacuumed_base(
  sequence INTEGER PRIMARY KEY,
  device INTEGER NOT NULL REFERENCES devices,
  device_sequence INTEGER NOT NULL
) STRICT;
)sql";

constexpr std::string_view packed_images = R"sql(
-- An image is a text, or packed as a BLOB: the number of a dictionary as one
-- byte, then a frame of Zstandard without the four bytes that all frames begin
-- with. There, 0x1a stands for the text of the entry's own record_id.
-- What is stored stays as it is, so the table need not be written anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
  SET sql = replace(sql, 'data TEXT NOT NULL', 'data ANY NOT NULL')
  WHERE type = 'table' AND name = 'sync_log';
PRAGMA writable_schema = RESET;

-- fits_at is where the log ended when the dictionary was made, or found to fit
-- last; hash is XXH64 of its bytes.
CREATE TABLE dictionaries(
  number INTEGER PRIMARY KEY CHECK(number BETWEEN 1 AND 255),
  fits_at INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

-- Of what is packed, SQL cannot show the image: data is NULL.
DROP VIEW sync_log_readable;
CREATE VIEW sync_log_readable AS
WITH readable_device(number, id) AS (
  SELECT number, lower(
    substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
    substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' ||
    substr(hex(id), 21))
  FROM devices)
SELECT
  sequence,
  readable_device.id AS device_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', (timestamp >> 16) / 1000.0, 'unixepoch')
    AS timestamp,
  models.name AS model_type,
  lower(
    substr(hex(record_id), 1, 8) || '-' || substr(hex(record_id), 9, 4) || '-'
    || substr(hex(record_id), 13, 4) || '-' || substr(hex(record_id), 17, 4)
    || '-' || substr(hex(record_id), 21)) AS record_id,
  CASE change_type WHEN 1 THEN 'insert' WHEN 2 THEN 'update'
    WHEN 3 THEN 'delete' WHEN 4 THEN 'bulk' END AS change_type,
  version,
  CASE typeof(data) WHEN 'text' THEN data END AS data
FROM sync_log
JOIN readable_device ON readable_device.number = sync_log.device
JOIN models ON models.number = sync_log.model;
)sql";

constexpr std::string_view birth_of_file = R"sql(
-- When this file was made: a copy has another time. NULL: not noted yet.
ALTER TABLE log_state ADD COLUMN birth INTEGER;
)sql";

constexpr std::string_view forgotten_deletions_of_log = R"sql(
-- Deletions that the log held once and holds no more: where the last of them
-- stood, and a sum of their hashes.
ALTER TABLE log_state ADD COLUMN forgotten_through INTEGER NOT NULL DEFAULT 0;
ALTER TABLE log_state ADD COLUMN forgotten_digest INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::string_view counted_entries = R"sql(
-- `entries` and `accepted` count what the log holds up to here; the entries
-- after it are counted when there are many of them.
ALTER TABLE log_state ADD COLUMN counted_through INTEGER NOT NULL DEFAULT 0;
UPDATE log_state
  SET counted_through = (SELECT coalesce(max(sequence), 0) FROM sync_log);
)sql";

constexpr std::array<migration, 6> migrations{{
  {1, "log and state", log_and_state},
  {2, "bases of what is vacuumed", vacuumed_bases},
  {3, "packed images", packed_images},
  {4, "birth of the file", birth_of_file},
  {5, "forgotten deletions", forgotten_deletions_of_log},
  {6, "how far entries are counted", counted_entries},
}};

} // namespace

std::span<const migration> sync_log_migrations() {
  return migrations;
}

expected<void> check_sync_log(SQLite::Database& database,
                              const std::filesystem::path& file,
                              bool may_be_empty) {
  try {
    auto id = database.execAndGet("PRAGMA application_id").getInt();
    if (id == sync_log_application_id)
      return {};
    auto tables = database.execAndGet("SELECT count(*) FROM sqlite_schema");
    if (may_be_empty && id == 0 && tables.getInt() == 0)
      return {};
    return fail(errc::corrupt, file.string()
                                 + " is a database, but no sync log; move it "
                                   "away or name another file");
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, file));
  }
}

} // namespace lockstep

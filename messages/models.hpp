#pragma once

#include "messages/syncable.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Ready models of a file manager's library. Text that is not known yet is
/// empty; times are ISO 8601 in UTC.
namespace lockstep {

/// A folder that its owner indexes; other devices see it read-only.
struct location {
  record_id uuid;
  std::string device_id;     ///< The owner's id, as a UUID.
  std::int64_t entry_id = 0; ///< The root's entry on the owner.
  std::string name;
  std::string path; ///< Where the owner has it.
  std::string index_mode = "deep";
  std::string last_scan_at;
  std::uint64_t total_file_count = 0;
  std::uint64_t total_byte_size = 0;
  std::string scan_state; ///< Of this device only; never leaves it.
  version_number version;

  bool operator==(const location&) const = default;
};

struct tag {
  record_id uuid;
  std::string name;
  std::string color;
  version_number version;

  bool operator==(const tag&) const = default;
};

struct album {
  record_id uuid;
  std::string name;
  std::string description;
  version_number version;

  bool operator==(const album&) const = default;
};

/// A list of records that a person put together.
struct collection {
  record_id uuid;
  std::string name;
  std::vector<record_id> entries;
  version_number version;

  bool operator==(const collection&) const = default;
};

/// What two devices put in or took out at once is all put in or taken out.
template <>
inline constexpr std::optional<conflict_policy>
  policy_for<collection> = conflict_policy::union_merge;

/// A tag on a file's metadata: a relation with fields of its own, synced by
/// itself.
struct user_metadata_tag {
  record_id uuid;
  record_id user_metadata_uuid;
  record_id tag_uuid;
  std::string applied_at;
  std::int32_t confidence = 100; ///< Per cent.
  version_number version;

  bool operator==(const user_metadata_tag&) const = default;
};

LOCKSTEP_FIELDS(location, uuid, device_id, entry_id, name, path, index_mode,
                last_scan_at, total_file_count, total_byte_size, scan_state)
LOCKSTEP_FIELDS(tag, uuid, name, color)
LOCKSTEP_FIELDS(album, uuid, name, description)
LOCKSTEP_FIELDS(collection, uuid, name, entries)
LOCKSTEP_FIELDS(user_metadata_tag, uuid, user_metadata_uuid, tag_uuid,
                applied_at, confidence)

} // namespace lockstep

LOCKSTEP_SYNCABLE(lockstep::location, "location", uuid, version, R"sql(
CREATE TABLE IF NOT EXISTS location (
  uuid TEXT PRIMARY KEY NOT NULL,
  device_id TEXT NOT NULL,
  entry_id INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL,
  path TEXT NOT NULL DEFAULT '',
  index_mode TEXT NOT NULL DEFAULT 'deep',
  last_scan_at TEXT NOT NULL DEFAULT '',
  total_file_count INTEGER NOT NULL DEFAULT 0,
  total_byte_size INTEGER NOT NULL DEFAULT 0,
  scan_state TEXT NOT NULL DEFAULT ''
))sql",
                  "scan_state")

LOCKSTEP_SYNCABLE(lockstep::tag, "tag", uuid, version, R"sql(
CREATE TABLE IF NOT EXISTS tag (
  uuid TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  color TEXT NOT NULL DEFAULT ''
))sql")

LOCKSTEP_SYNCABLE(lockstep::album, "album", uuid, version, R"sql(
CREATE TABLE IF NOT EXISTS album (
  uuid TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT ''
))sql")

LOCKSTEP_SYNCABLE(lockstep::collection, "collection", uuid, version, R"sql(
CREATE TABLE IF NOT EXISTS collection (
  uuid TEXT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL,
  entries JSON NOT NULL DEFAULT '[]'
))sql")

LOCKSTEP_SYNCABLE(lockstep::user_metadata_tag, "user_metadata_tag", uuid,
                  version, R"sql(
CREATE TABLE IF NOT EXISTS user_metadata_tag (
  uuid TEXT PRIMARY KEY NOT NULL,
  user_metadata_uuid TEXT NOT NULL,
  tag_uuid TEXT NOT NULL,
  applied_at TEXT NOT NULL DEFAULT '',
  confidence INTEGER NOT NULL DEFAULT 100
))sql")

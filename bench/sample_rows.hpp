#pragma once

#include "apps/embedded/record_ids.hpp"
#include "messages/syncable.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::bench {

/// A row of the usual size: its image is about 120 bytes of JSON.
struct item {
  record_id uuid;
  std::string title;
  std::string place;
  std::int64_t amount = 0;
  double price = 0;
  version_number version;
};

inline constexpr const char* create_item = R"sql(
  CREATE TABLE IF NOT EXISTS item(
    uuid TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    place TEXT NOT NULL,
    amount INTEGER NOT NULL,
    price REAL NOT NULL))sql";

/// The same row in the table of a program that knows nothing of Lockstep.
inline constexpr const char* create_foreign_item = R"sql(
  CREATE TABLE IF NOT EXISTS item(
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    place TEXT NOT NULL,
    amount INTEGER NOT NULL,
    price REAL NOT NULL))sql";

inline std::vector<item> make_items(std::size_t count) {
  std::vector<item> list(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = list[i];
    one.uuid = make_record_id();
    one.title = "item " + std::to_string(i);
    one.place = "shelf " + std::to_string(i % 97);
    one.amount = static_cast<std::int64_t>(i % 1'000);
    one.price = static_cast<double>(i % 10'000) / 100;
  }
  return list;
}

LOCKSTEP_FIELDS(item, uuid, title, place, amount, price)

} // namespace lockstep::bench

LOCKSTEP_SYNCABLE(lockstep::bench::item, "item", uuid, version,
                  lockstep::bench::create_item)

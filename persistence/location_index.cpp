#include "persistence/location_index.hpp"

#include "persistence/one_transaction.hpp"

namespace lockstep {

namespace {

constexpr auto make_table = R"sql(
  CREATE TABLE IF NOT EXISTS entry(
    location TEXT NOT NULL,
    path TEXT NOT NULL,       -- below the location; may be no UTF-8
    kind TEXT NOT NULL,       -- file, directory or other
    size INTEGER NOT NULL,    -- bytes
    modified INTEGER NOT NULL, -- milliseconds since 1970
    inode INTEGER NOT NULL,
    PRIMARY KEY(location, path)
  ) WITHOUT ROWID
)sql";

} // namespace

expected<void> write_location_index(library_store& store,
                                    const write_index_batch& batch) {
  return in_one_transaction(
    store, durability::with_log, [&]() -> expected<void> {
      const auto location = to_string(batch.location);
      if (batch.first) {
        store.database->exec(make_table);
        auto clear
          = store.statements.use("DELETE FROM entry WHERE location = ?");
        clear->bind(1, location);
        clear->exec();
      }
      auto row = store.statements.use(
        "INSERT OR REPLACE INTO entry(location, path, kind, size, modified,"
        " inode) VALUES(?, ?, ?, ?, ?, ?)");
      for (const auto& file : batch.rows) {
        row->bind(1, location);
        row->bind(2, file.path);
        row->bind(3, std::string{to_string(file.kind)});
        row->bind(4, static_cast<std::int64_t>(file.size));
        row->bind(5, file.modified);
        row->bind(6, static_cast<std::int64_t>(file.inode));
        row->exec();
        row->reset();
      }
      return {};
    });
}

} // namespace lockstep

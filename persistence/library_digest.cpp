#include "persistence/image.hpp"
#include "persistence/library_store.hpp"

#include <xxhash.h>

#include <algorithm>

namespace lockstep {

namespace {

library_digest::table digest_of(SQLite::Database& database,
                                const tracked_table_schema& schema) {
  if (!schema.present)
    return {schema.table, 0, 0};
  std::string text = "SELECT ";
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    text += (i == 0 ? "" : ", ") + sql_name(schema.columns[i].name);
  SQLite::Statement rows{database, text + " FROM " + sql_name(schema.table)};
  library_digest::table found{schema.table, 0, 0};
  while (rows.executeStep()) {
    auto image = nlohmann::json::array();
    for (int i = 0; i < rows.getColumnCount(); ++i)
      image.push_back(to_json(rows.getColumn(i), false));
    const auto row = image.dump();
    // A sum, since devices may keep their rows in different orders.
    found.digest += XXH64(row.data(), row.size(), 0);
    ++found.rows;
  }
  return found;
}

} // namespace

expected<library_digest> library_store::digest() {
  return attempt([&]() -> expected<library_digest> {
    auto head = log.head();
    if (!head)
      return tl::make_unexpected(head.error());
    library_digest found;
    found.sequence = head->position.sequence;
    found.log = head->chain;
    for (const auto* schema : tables.all())
      found.tables.push_back(digest_of(*database, *schema));
    std::sort(found.tables.begin(), found.tables.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return found;
  });
}

} // namespace lockstep

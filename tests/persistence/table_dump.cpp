#include "tests/persistence/table_dump.hpp"

#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

namespace lockstep {

namespace {

std::string hex_of(const void* bytes, int size) {
  std::string text;
  const std::string_view list{static_cast<const char*>(bytes),
                              static_cast<std::size_t>(size)};
  for (const char byte : list) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text += digits;
  }
  return text;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

std::string dump_of_value(const SQLite::Column& value) {
  switch (value.getType()) {
    case SQLITE_INTEGER:
      return std::to_string(value.getInt64());
    case SQLITE_FLOAT: {
      const auto real = value.getDouble();
      const auto bits = std::bit_cast<std::uint64_t>(real);
      return std::to_string(real) + ":" + hex_of(&bits, sizeof bits);
    }
    case SQLITE_TEXT: {
      const char* text = value.getText();
      const auto size = value.getBytes();
      const std::string_view whole{text, static_cast<std::size_t>(size)};
      return is_printable(whole) ? "'" + std::string{whole} + "'"
                                 : "t" + hex_of(text, size);
    }
    case SQLITE_BLOB: {
      const void* bytes = value.getBlob();
      return "x" + hex_of(bytes, value.getBytes());
    }
    default:
      return "NULL";
  }
}

} // namespace

std::string dump_of(SQLite::Database& database, const std::string& table,
                    bool with_rowid) {
  SQLite::Statement rows{database, "SELECT "
                                     + std::string{with_rowid ? "rowid, " : ""}
                                     + "* FROM " + sql_name(table)};
  std::vector<std::string> lines;
  while (rows.executeStep()) {
    auto& line = lines.emplace_back();
    for (int i = 0; i < rows.getColumnCount(); ++i)
      line += (i == 0 ? "" : "|") + dump_of_value(rows.getColumn(i));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

std::string complaints_about(SQLite::Database& opened) {
  // To SQLite 3.46, an FTS5 table looks malformed on a connection that has read
  // it before another one wrote to it.
  std::optional<SQLite::Database> anew;
  if (!opened.getFilename().empty() && opened.getFilename() != ":memory:")
    anew.emplace(opened.getFilename());
  auto& database = anew ? *anew : opened;
  std::string text;
  SQLite::Statement whole{database, "PRAGMA integrity_check"};
  while (whole.executeStep())
    if (whole.getColumn(0).getString() != "ok")
      text += whole.getColumn(0).getString() + "\n";
  SQLite::Statement keys{database, "PRAGMA foreign_key_check"};
  while (keys.executeStep())
    text += "a row of " + keys.getColumn(0).getString() + " refers to none of "
            + keys.getColumn(2).getString() + "\n";
  return text;
}

std::vector<int> run_script(SQLite::Database& database,
                            const std::vector<std::string>& script) {
  std::vector<int> codes;
  for (const auto& statement : script)
    codes.push_back(database.tryExec(statement));
  if (sqlite3_get_autocommit(database.getHandle()) == 0)
    database.exec("ROLLBACK");
  return codes;
}

} // namespace lockstep

#include "persistence/readable_rows.hpp"
#include "tests/apps/spoiled_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <set>

namespace lockstep {

namespace {

constexpr std::int64_t rows = 5'000;
/// Of those that a page of this table holds, and more.
constexpr std::size_t in_a_page = 150;

struct readable_rows_of : testing::Test {
  /// A table whose rowids are `number`, which says i times something.
  void make(const std::string& number) {
    SQLite::Database to{file().string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    to.exec("CREATE TABLE row(id INTEGER PRIMARY KEY, text TEXT);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < "
            + std::to_string(rows) + ") INSERT INTO row SELECT " + number
            + ", 'a text of some length' FROM n");
  }

  /// The pages of the table that hold rows, in the order of the rows.
  std::vector<std::int64_t> leaves() {
    SQLite::Database of{file().string(), SQLite::OPEN_READONLY};
    SQLite::Statement pages{of, "SELECT pageno FROM dbstat WHERE name = 'row'"
                                " AND pagetype = 'leaf' ORDER BY path"};
    std::vector<std::int64_t> list;
    while (pages.executeStep())
      list.push_back(pages.getColumn(0).getInt64());
    return list;
  }

  void spoil_page(std::int64_t page) {
    flip(file(), static_cast<std::uintmax_t>(page - 1) * 4096, 64);
  }

  /// Rowids of what is read, each once.
  std::set<std::int64_t> read() {
    SQLite::Database from{file().string(), SQLite::OPEN_READONLY};
    from.exec("PRAGMA writable_schema=ON");
    std::set<std::int64_t> found;
    whole = readable_rows{&from}.for_each(
      "row", "id, text", [&](const readable_rows::row& one) {
        EXPECT_TRUE(found.insert(std::get<std::int64_t>(one[0])).second);
        EXPECT_EQ(text_of(one[1]), "a text of some length");
      });
    return found;
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "file";
  }

  temporary_directory folder;
  bool whole = false;
};

} // namespace

TEST_F(readable_rows_of, a_whole_table_are_all) {
  make("i");
  EXPECT_EQ(read().size(), std::size_t{rows});
  EXPECT_TRUE(whole);
}

TEST_F(readable_rows_of, a_damaged_table_are_all_but_those_of_bad_pages) {
  // Dense, sparse, below zero too, and spread over all that there is.
  for (const auto* number :
       {"i", "i * 1000003", "i - 2500", "(i - 2500) * 3000000000000000"}) {
    SCOPED_TRACE(number);
    std::filesystem::remove(file());
    make(number);
    const auto pages = leaves();
    for (const auto bad :
         {std::size_t{0}, pages.size() / 3, pages.size() / 2,
          pages.size() / 2 + 1, pages.size() * 3 / 4, pages.size() - 1})
      spoil_page(pages[bad]);
    EXPECT_LE(rows - 7 * in_a_page, read().size());
    EXPECT_FALSE(whole);
  }
}

TEST_F(readable_rows_of, a_table_that_is_cut_short_are_those_before_the_cut) {
  make("i");
  const auto size = std::filesystem::file_size(file());
  std::filesystem::resize_file(file(), size / 2 / 4096 * 4096 + 100);
  EXPECT_LE(rows / 2 - 2 * in_a_page, read().size());
  EXPECT_FALSE(whole);
}

TEST_F(readable_rows_of, a_table_with_a_column_named_rowid_are_all) {
  SQLite::Database{file().string(),
                   SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}
    .exec("CREATE TABLE row(id INT, rowid TEXT, text TEXT);"
          "INSERT INTO row VALUES(1, NULL, 'a text of some length'),"
          " (2, 'x', 'a text of some length')");
  EXPECT_EQ(read(), (std::set<std::int64_t>{1, 2}));
  EXPECT_TRUE(whole);
}

} // namespace lockstep

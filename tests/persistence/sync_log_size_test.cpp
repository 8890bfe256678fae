#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <random>

namespace lockstep {
namespace {

constexpr std::size_t count = 50'000;
constexpr std::size_t image_bytes = 120;
constexpr std::uintmax_t most = 200;

/// As a photo's record may look.
std::string image(std::size_t number) {
  auto text = R"({"name":"IMG_)" + std::to_string(100'000 + number)
              + R"(.jpg","stars":)" + std::to_string(number % 6)
              + R"(,"folder":"2026/summer","text":")";
  text.resize(image_bytes - 2, 'x');
  return text + R"("})";
}

TEST(sync_log_size, of_an_entry_is_at_most_two_hundred_bytes) {
  const temporary_directory folder;
  const auto file = folder.path() / "sync.db";
  {
    auto log = sync_log_store::open(file);
    ASSERT_TRUE(log) << log.error().message;
    std::mt19937_64 random{1};
    entry_maker maker;
    log_position before;
    for (std::size_t made = 0; made < count;) {
      std::vector<entry> list;
      for (; list.size() < 1'000; ++made) {
        // Three devices, fifty models; each record is changed once more.
        auto what = maker.make(static_cast<std::uint8_t>(made % 250),
                               static_cast<std::uint8_t>(1 + made % 3));
        what.model = "model " + std::to_string(made % 50);
        what.record = record_id{
          make_uuid_v7(1'800'000'000'000 + made, random(), random())};
        what.previous = sequence_number{made % 2 == 0 ? 0 : made};
        what.data = image(made);
        ASSERT_EQ(what.data.size(), image_bytes);
        list.push_back(maker.sealed(std::move(what)));
      }
      const auto head = log->append(list.back().ballot, before, list);
      ASSERT_TRUE(head) << head.error().message;
      before = head->position;
    }
  }
  SQLite::Database database{file.string(), SQLite::OPEN_READWRITE};
  database.execAndGet("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto bytes = std::filesystem::file_size(file) / count;
  RecordProperty("bytes_per_entry", static_cast<int>(bytes));
  std::cout << bytes << " bytes an entry\n";
  EXPECT_LE(bytes, most);
}

} // namespace
} // namespace lockstep

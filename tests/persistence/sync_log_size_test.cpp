#include "persistence/sync_log_store.hpp"
#include "tests/persistence/realistic_images.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <random>

namespace lockstep {
namespace {

constexpr std::size_t count = 50'000;
constexpr std::size_t image_bytes = 120;

/// As a photo's record may look.
std::string image(std::size_t number) {
  auto text = R"({"name":"IMG_)" + std::to_string(100'000 + number)
              + R"(.jpg","stars":)" + std::to_string(number % 6)
              + R"(,"folder":"2026/summer","text":")";
  text.resize(image_bytes - 2, 'x');
  return text + R"("})";
}

/// What an entry takes of a log with these images.
template <class Image>
std::uintmax_t bytes_of_entry(const log_settings& how, Image image_of) {
  const temporary_directory folder;
  const auto file = folder.path() / "sync.db";
  {
    auto log = sync_log_store::open(file, how);
    EXPECT_TRUE(log) << log.error().message;
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
        what.data = image_of(made, what.record);
        list.push_back(maker.sealed(std::move(what)));
      }
      const auto head = log->append(list.back().ballot, before, list);
      EXPECT_TRUE(head) << head.error().message;
      before = head->position;
    }
  }
  SQLite::Database database{file.string(), SQLite::OPEN_READWRITE};
  database.execAndGet("PRAGMA wal_checkpoint(TRUNCATE)");
  return std::filesystem::file_size(file) / count;
}

TEST(sync_log_size, of_an_entry_is_at_most_two_hundred_bytes) {
  const auto bytes
    = bytes_of_entry({}, [](std::size_t number, const record_id&) {
        auto made = image(number);
        EXPECT_EQ(made.size(), image_bytes);
        return made;
      });
  std::cout << bytes << " bytes an entry\n";
  EXPECT_LE(bytes, 200U);
}

TEST(sync_log_size, of_a_packed_entry_is_below_120_bytes) {
  log_settings how;
  how.compression = true;
  // One kind of rows alone, then all of them among each other.
  for (std::uint64_t kind = 0; kind <= image_maker::kinds; ++kind) {
    image_maker images{7};
    std::size_t plain = 0;
    const auto bytes
      = bytes_of_entry(how, [&](std::size_t number, record_id record) {
          auto made = images.image(
            kind == image_maker::kinds ? number % kind : kind, record);
          plain += made.size();
          return made;
        });
    std::cout << bytes << " bytes an entry of which " << plain / count
              << " were the image\n";
    EXPECT_GE(plain / count, 118U);
    EXPECT_LT(bytes, 120U);
  }
}

} // namespace
} // namespace lockstep

#include "persistence/sqlite_file.hpp"
#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/persistence/test_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

class sync_log_file : public testing::Test {
protected:
  errc refusal() const {
    auto log = sync_log_store::open(file_);
    return log ? errc::none : log.error().code;
  }

  std::string bytes() const {
    std::ifstream in{file_, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  void make(const char* sql) const {
    SQLite::Database other{file_.string(),
                           SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    other.exec(sql);
  }

  temporary_directory folder_;
  std::filesystem::path file_ = folder_ / "sync.db";
};

} // namespace

TEST_F(sync_log_file, garbage_is_refused_untouched) {
  for (std::size_t size : {1u, 100u, 4096u, 10000u}) {
    std::string garbage(size, 'g');
    std::ofstream{file_, std::ios::binary} << garbage;
    EXPECT_EQ(refusal(), errc::corrupt);
    EXPECT_EQ(bytes(), garbage);
    auto reader = sync_log_reader::open(file_);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, errc::corrupt);
  }
}

TEST_F(sync_log_file, other_database_is_refused_untouched) {
  make("CREATE TABLE note(id INTEGER PRIMARY KEY)");
  auto before = bytes();
  EXPECT_EQ(refusal(), errc::corrupt);
  EXPECT_EQ(bytes(), before);
}

TEST_F(sync_log_file, whose_making_was_cut_off_is_made_anew) {
  const auto crashed = folder_ / "crashed.db";
  SQLite::Database other{crashed.string(),
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  // What does not fit into the cache is on the disk before the commit.
  other.exec("PRAGMA cache_size=1; BEGIN; CREATE TABLE filler(data);"
             "INSERT INTO filler SELECT randomblob(3000) FROM"
             " (WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n"
             " WHERE i < 100) SELECT i FROM n)");
  std::filesystem::copy_file(crashed, file_);
  std::filesystem::copy_file(crashed.string() + "-journal",
                             file_.string() + "-journal");
  ASSERT_GT(std::filesystem::file_size(file_), 0U);
  EXPECT_EQ(refusal(), errc::none);
}

TEST_F(sync_log_file, newer_version_is_refused_untouched) {
  ASSERT_EQ(refusal(), errc::none);
  make("INSERT INTO lockstep_migration VALUES(99, 'from the future', '')");
  auto before = bytes();
  EXPECT_EQ(refusal(), errc::newer_format);
  EXPECT_EQ(bytes(), before);
  auto reader = sync_log_reader::open(file_);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, errc::newer_format);
}

TEST_F(sync_log_file, folder_is_refused) {
  std::filesystem::create_directory(file_);
  EXPECT_EQ(refusal(), errc::io);
}

TEST_F(sync_log_file, missing_folder_is_refused) {
  file_ = folder_ / "none" / "sync.db";
  EXPECT_EQ(refusal(), errc::io);
}

TEST_F(sync_log_file, reader_makes_no_file) {
  auto reader = sync_log_reader::open(file_);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(sync_log_file, empty_file_becomes_a_log) {
  std::ofstream{file_};
  EXPECT_EQ(refusal(), errc::none);
}

TEST_F(sync_log_file, every_change_is_flushed_to_the_disk) {
  test_disk disk;
  auto log = sync_log_store::open(file_);
  ASSERT_TRUE(log);
  entry_maker maker;
  for (int i = 0; i < 3; ++i) {
    auto follows = maker.head().position;
    std::vector<entry> list{maker.make()};
    auto before = disk.flushes;
    ASSERT_TRUE(log->append(maker.under, follows, list));
    EXPECT_GT(disk.flushes, before);
    before = disk.flushes;
    ASSERT_TRUE(log->store_leadership({maker.under, maker.under, {}, {}}));
    EXPECT_GT(disk.flushes, before);
  }
  log = fail(errc::closed, "");
}

TEST_F(sync_log_file, that_is_another_one_by_now_takes_nothing) {
  auto log = sync_log_store::open(file_);
  ASSERT_TRUE(log);
  const auto reader = sync_log_reader::open(file_);
  ASSERT_TRUE(reader);
  entry_maker maker;
  const auto first = maker.make();
  ASSERT_TRUE(log->append(maker.under, {}, {{first}}));
  const auto aside = folder_ / "aside.db";
  auto expect_refused = [&](const entry& what) {
    const auto refused = log->append(maker.under, first.position(), {{what}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::io);
    EXPECT_EQ(reader->gone(), refused.error());
    EXPECT_FALSE(log->store_leadership({}));
    EXPECT_EQ(log->latest_sequence(), first.sequence);
  };
  EXPECT_FALSE(reader->gone());
  std::filesystem::rename(file_, aside);
  const auto second = maker.make();
  expect_refused(second);
  std::filesystem::copy_file(aside, file_);
  expect_refused(second);
  std::filesystem::rename(aside, file_);
  EXPECT_TRUE(log->append(maker.under, first.position(), {{second}}));
  EXPECT_FALSE(log->gone());
}

TEST_F(sync_log_file, full_disk_loses_nothing) {
  test_disk disk;
  auto log = sync_log_store::open(file_);
  ASSERT_TRUE(log);
  entry_maker maker;
  std::vector<entry> held;
  int refused = 0;
  for (std::int64_t room = 0; room < 150'000; room += 10'000) {
    auto list = maker.make_list(100);
    auto big = maker.make(2, 2);
    big.model = "model" + std::to_string(room);
    list.push_back(maker.sealed(big));
    auto append = [&] {
      return log->append(maker.under, log->head()->position, list);
    };
    disk.room = room;
    auto result = append();
    disk.room = test_disk::plenty;
    if (!result) {
      ++refused;
      EXPECT_EQ(result.error().code, errc::disk_full);
      EXPECT_EQ(log->fetch_since({}, 10'000), held);
      result = append();
    }
    ASSERT_TRUE(result) << result.error().message;
    held.insert(held.end(), list.begin(), list.end());
    ASSERT_EQ(log->fetch_since({}, 10'000), held);
  }
  EXPECT_GT(refused, 2);
  log = sync_log_store::open(file_);
  EXPECT_EQ(log->fetch_since({}, 10'000), held);
  log = fail(errc::closed, "");
}

} // namespace lockstep

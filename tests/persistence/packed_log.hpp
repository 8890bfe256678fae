#pragma once

#include "persistence/sync_log_store.hpp"
#include "tests/persistence/realistic_images.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockstep {

/// A log that packs its images once it holds `samples` entries, and the entries
/// that it should hold.
class packed_log : public testing::Test {
protected:
  static constexpr std::uint32_t samples = 50;

  static log_settings packs(bool whether = true) {
    log_settings how;
    how.compression = whether;
    how.dictionary_samples = samples;
    return how;
  }

  void open(const log_settings& how = packs()) {
    log_ = fail(errc::closed, "");
    log_ = sync_log_store::open(file_, how);
    ASSERT_TRUE(log_) << log_.error().message;
  }

  void SetUp() override {
    open();
  }

  entry next(std::uint64_t kind) {
    auto what = maker_.make(static_cast<std::uint8_t>(images_.number(200)));
    what.data = images_.image(kind, what.record);
    return maker_.sealed(std::move(what));
  }

  /// So many entries in one append, of all kinds of images or of one.
  void append(std::size_t count, std::uint64_t kind = image_maker::kinds) {
    std::vector<entry> list;
    while (list.size() < count)
      list.push_back(
        next(kind == image_maker::kinds ? images_.number(kind) : kind));
    append(std::move(list));
  }

  void append(std::vector<entry> list) {
    const auto head
      = log_->append(list.back().ballot, log_->head()->position, list);
    ASSERT_TRUE(head) << head.error().message;
    entries_.insert(entries_.end(), list.begin(), list.end());
  }

  void expect_whole() const {
    EXPECT_EQ(log_->fetch_since({}, 1'000'000), entries_);
    const auto reader = sync_log_reader::open(file_);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->fetch_since({}, 1'000'000), entries_);
    EXPECT_EQ(reader->damage(), std::vector<std::string>{});
  }

  std::int64_t number_in(const std::string& query) const {
    SQLite::Database other{file_.string(), SQLite::OPEN_READONLY};
    return other.execAndGet(query).getInt64();
  }

  std::int64_t packed() const {
    return number_in(
      "SELECT count(*) FROM sync_log WHERE typeof(data) = 'blob'");
  }

  std::int64_t dictionaries() const {
    return number_in("SELECT count(*) FROM dictionaries");
  }

  void run(const std::string& statements) const {
    SQLite::Database other{file_.string(), SQLite::OPEN_READWRITE};
    other.exec(statements);
  }

  temporary_directory folder_;
  std::filesystem::path file_ = folder_ / "sync.db";
  expected<sync_log_store> log_ = fail(errc::closed, "");
  entry_maker maker_;
  image_maker images_{17};
  std::vector<entry> entries_;
};

} // namespace lockstep

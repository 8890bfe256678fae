#include "tests/persistence/packed_log.hpp"

#include "persistence/log_repair.hpp"
#include "persistence/sync_log_schema.hpp"

#include <gmock/gmock.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

class damaged_packed_log : public packed_log {
protected:
  void SetUp() override {
    packed_log::SetUp();
    append(120);
  }

  /// What a new reader says of all entries.
  static failure reading(const std::filesystem::path& file) {
    const auto list = sync_log_reader::open(file)->fetch_since({}, 1'000);
    return list ? failure{} : list.error();
  }

  void expect_damage(const std::string& statement, const std::string& what) {
    run(statement);
    const auto said = reading(file_);
    EXPECT_EQ(said.code, errc::corrupt) << statement;
    EXPECT_THAT(said.message, HasSubstr(what));
  }

  /// A repair gives so many entries, which are as they were.
  void expect_repaired(std::size_t count) {
    log_ = fail(errc::closed, "");
    const auto found = examine_log(file_);
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_NE(found->why, "");
    EXPECT_EQ(found->sound.position.sequence.value, count);
    const auto made = folder_ / "made.db";
    const auto end = rebuild_log(file_, made, test_device(1), true);
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->position.sequence.value, count);
    file_ = made;
    entries_.resize(count);
    open(packs(false));
    expect_whole();
  }
};

TEST_F(damaged_packed_log, says_that_an_image_is_damaged) {
  expect_damage("UPDATE sync_log SET data = x'' WHERE sequence = 90",
                "an entry's packed image is empty");
  expect_damage("UPDATE sync_log SET data = x'01ffffffffffff'"
                " WHERE sequence = 90",
                "an entry's packed image is damaged");
  expect_damage("UPDATE sync_log SET data = substr(data, 1, 9)"
                " WHERE sequence = 80",
                "an entry's packed image is damaged");
  expect_repaired(79);
  EXPECT_EQ(packed(), 79);
}

TEST_F(damaged_packed_log, notices_another_image_by_the_chain) {
  run("UPDATE sync_log SET data = (SELECT data FROM sync_log WHERE"
      " sequence = 70) WHERE sequence = 80");
  expect_repaired(79);
}

TEST_F(damaged_packed_log, says_that_a_dictionary_is_missing) {
  expect_damage("DELETE FROM dictionaries", "is damaged or missing");
  expect_repaired(50);
  EXPECT_EQ(packed(), 0);
}

TEST_F(damaged_packed_log, says_that_a_dictionary_is_damaged) {
  expect_damage("UPDATE dictionaries SET bytes = CAST(substr(bytes, 1, 999) ||"
                " 'x' || substr(bytes, 1001) AS BLOB)",
                "is damaged or missing");
  EXPECT_THAT(log_->damage().value(),
              testing::ElementsAre(HasSubstr("dictionary 1 of its packed")));
  open();
  const auto list = std::vector{next(0)};
  const auto appended
    = log_->append(list.back().ballot, log_->head()->position, list);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, errc::corrupt);
  expect_repaired(50);
}

TEST_F(damaged_packed_log, a_dictionary_that_no_entry_needs_is_repaired) {
  ASSERT_TRUE(log_->truncate_after(sequence_number{50}));
  run("UPDATE dictionaries SET hash = hash + 1");
  expect_repaired(50);
  EXPECT_EQ(dictionaries(), 0);
}

TEST_F(damaged_packed_log, a_repair_packs_again) {
  run("UPDATE sync_log SET version = 99 WHERE sequence = 110");
  expect_repaired(109);
  EXPECT_EQ(packed(), 109);
  EXPECT_EQ(dictionaries(), 1);
  EXPECT_EQ(number_in("SELECT hash FROM dictionaries"),
            SQLite::Database{(folder_ / "sync.db").string()}
              .execAndGet("SELECT hash FROM dictionaries")
              .getInt64());
}

class log_without_packed_images : public packed_log {
protected:
  /// As an older version made it.
  void SetUp() override {
    open({});
    append(60);
    // Counts what an older version has counted by then.
    EXPECT_TRUE(log_->truncate_after(maker_.head().position.sequence));
    log_ = fail(errc::closed, "");
    for (const auto* column :
         {"birth", "forgotten_through", "forgotten_digest", "counted_through"})
      run("ALTER TABLE log_state DROP COLUMN " + std::string{column});
    run("DROP TABLE dictionaries; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'data ANY', 'data TEXT');"
        "PRAGMA writable_schema = RESET;"
        "DELETE FROM lockstep_migration WHERE number >= 3;"
        "DROP VIEW sync_log_readable");
    run(older_view());
  }

  static std::string older_view() {
    SQLite::Database older{":memory:",
                           SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    EXPECT_TRUE(migrate(older, ":memory:", sync_log_migrations().first(2)));
    return older
      .execAndGet("SELECT sql FROM sqlite_schema WHERE name ="
                  " 'sync_log_readable'")
      .getString();
  }
};

TEST_F(log_without_packed_images, is_read) {
  const auto reader = sync_log_reader::open(file_);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->fetch_since({}, 1'000), entries_);
  EXPECT_EQ(reader->at(sequence_number{3}), entries_[2]);
  EXPECT_EQ(reader->damage(), std::vector<std::string>{});
}

TEST_F(log_without_packed_images, is_examined_and_rebuilt) {
  const auto found = examine_log(file_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->why, "");
  EXPECT_EQ(found->sound, maker_.head());
  const auto made = folder_ / "made.db";
  ASSERT_TRUE(rebuild_log(file_, made, test_device(1), true));
  file_ = made;
  open();
  expect_whole();
  EXPECT_EQ(log_->forgotten(), forgotten_deletions{});
}

TEST_F(log_without_packed_images, packs_from_then_on) {
  open();
  append(20);
  EXPECT_EQ(packed(), 20);
  expect_whole();
}

} // namespace
} // namespace lockstep

#include "persistence/older_copy.hpp"

#include "persistence/file_birth.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr auto now = timestamp::from(1'767'225'600'000, 0);

TEST(file_birth, is_that_of_the_file_and_not_of_its_copy) {
  const temporary_directory folder;
  const auto file = folder.path() / "file";
  std::ofstream{file} << "one";
  const auto birth = file_birth(file);
  if (birth == 0)
    GTEST_SKIP() << "this file system does not say when files were made";
  std::ofstream{file, std::ios::app} << " and more";
  fs::rename(file, folder.path() / "elsewhere");
  EXPECT_EQ(file_birth(folder.path() / "elsewhere"), birth);
  // The clock of file systems goes in steps of some milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  fs::copy_file(folder.path() / "elsewhere", file);
  EXPECT_NE(file_birth(file), birth);
  EXPECT_EQ(file_birth(folder.path() / "nothing"), 0U);
}

struct older_copy : testing::Test {
  older_copy() {
    other.leads = true;
  }

  put_back open(file_births at, timestamp when = now) {
    own.reopen();
    const auto found = recognise_older_copy(*own.store, *own.log, at, when);
    EXPECT_TRUE(found);
    return found.value_or(put_back::nothing);
  }

  void meet_a_member() {
    operation what;
    what.device = other.id;
    what.device_sequence = what.transaction_end = device_sequence_number{1};
    what.model = member_model;
    what.record = record_id{other.id.bytes};
    what.data = R"({"name": "other"})";
    ASSERT_TRUE(other.sequence({what}));
    ASSERT_TRUE(own.follow(other));
  }

  library_device own{1};
  library_device other{2};
};

TEST_F(older_copy, is_told_by_when_its_files_were_made) {
  EXPECT_EQ(open({1, 2}), put_back::nothing);
  EXPECT_EQ(open({1, 2}), put_back::nothing);
  EXPECT_EQ(open({1, 3}), put_back::database);
  EXPECT_EQ(open({1, 3}), put_back::nothing);
  EXPECT_EQ(open({4, 3}), put_back::log);
  EXPECT_EQ(open({4, 3}), put_back::nothing);
  EXPECT_EQ(open({5, 5}), put_back::log);
  // Moved to where nobody can say it.
  EXPECT_EQ(open({0, 0}), put_back::log);
}

TEST_F(older_copy, is_told_again_where_the_database_got_lost_before_its_end) {
  meet_a_member();
  open({1, 2});
  EXPECT_EQ(open({3, 3}), put_back::log);
  own.store.reset();
  for (const auto* suffix : {"", "-wal", "-shm"})
    fs::remove(own.database_file().string() + suffix);
  EXPECT_EQ(open({3, 4}), put_back::log);
  EXPECT_TRUE(is_of_older_copy(*own.store).value());
  ASSERT_TRUE(end_older_copy(*own.store));
  EXPECT_EQ(open({3, 4}), put_back::nothing);
  own.store.reset();
  for (const auto* suffix : {"", "-wal", "-shm"})
    fs::remove(own.database_file().string() + suffix);
  EXPECT_EQ(open({3, 5}), put_back::nothing);
}

TEST_F(older_copy, of_a_database_gives_no_number_twice) {
  meet_a_member();
  open({1, 2});
  ASSERT_EQ(open({1, 3}), put_back::database);
  EXPECT_GT(own.store->next_device_sequence().value, 1'767'225'600'000U);
  EXPECT_FALSE(is_of_older_copy(*own.store).value());
  EXPECT_FALSE(own.log->leadership()->vote.term);
}

TEST_F(older_copy, of_a_log_makes_no_promise_twice) {
  meet_a_member();
  leadership_record led{{term_number{5}, own.id},
                        {term_number{6}, own.id},
                        own.id,
                        wall_time{std::chrono::hours{24}}};
  open({1, 2});
  ASSERT_TRUE(own.log->store_leadership(led));
  ASSERT_EQ(open({3, 3}), put_back::log);
  const auto first = own.log->leadership().value();
  EXPECT_EQ(first.current, led.current);
  EXPECT_TRUE(first.leader.is_nil());
  EXPECT_EQ(first.lease_end, wall_time{});
  EXPECT_GT(first.vote.term.value, 1'000'000U);
  EXPECT_TRUE(is_of_older_copy(*own.store).value());
  EXPECT_TRUE(own.store->is_fetching_anew());
  // The same copy a second time, ten seconds later.
  ASSERT_TRUE(own.log->store_leadership(led));
  open({4, 4}, timestamp::from(now.unix_ms() + 10'000, 0));
  EXPECT_EQ(own.log->leadership()->vote.term.value, first.vote.term.value + 10);
  ASSERT_TRUE(end_older_copy(*own.store));
  EXPECT_FALSE(own.store->is_fetching_anew());
}

TEST_F(older_copy, of_a_log_that_is_given_back_stays_without_a_lead) {
  meet_a_member();
  open({1, 2});
  ASSERT_EQ(open({3, 3}), put_back::log);
  ASSERT_TRUE(own.give_back({}));
  EXPECT_TRUE(own.store->is_fetching_anew());
  EXPECT_TRUE(has_given_back_log(*own.store).value());
  EXPECT_TRUE(is_of_older_copy(*own.store).value());
}

TEST_F(older_copy, of_a_time_when_the_log_was_given_back_forgot_its_promises) {
  meet_a_member();
  open({1, 2});
  ASSERT_TRUE(own.give_back({}));
  EXPECT_FALSE(is_of_older_copy(*own.store).value());
  ASSERT_EQ(open({3, 3}), put_back::log);
  EXPECT_TRUE(has_given_back_log(*own.store).value());
  EXPECT_TRUE(is_of_older_copy(*own.store).value());
}

} // namespace
} // namespace lockstep

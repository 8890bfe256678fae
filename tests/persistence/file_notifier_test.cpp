#include "persistence/file_notifier.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <thread>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using woken = file_notifier::woken;

constexpr auto patience = 30s;

class file_notifier_of_a_database : public testing::Test {
public:
  void write(const std::string& name) {
    std::ofstream{folder.path() / name, std::ios::app} << "x";
  }

  temporary_directory folder;
  file_notifier notifier{folder.path() / "database.db"};
};

TEST_F(file_notifier_of_a_database, wakes_for_the_file_and_what_is_beside_it) {
  EXPECT_EQ(notifier.wait(patience), woken::written) << "watched from now on";
  EXPECT_TRUE(notifier.watches());
  for (const auto* name :
       {"database.db", "database.db-wal", "database.db-journal"}) {
    write(name);
    EXPECT_EQ(notifier.wait(patience), woken::written) << name;
    EXPECT_EQ(notifier.wait(0ms), woken::quiet) << name;
  }
}

TEST_F(file_notifier_of_a_database, sleeps_while_others_are_written) {
  ASSERT_EQ(notifier.wait(patience), woken::written);
  for (const auto* name :
       {"sync.db", "sync.db-wal", "database.db-shm", "database.db.copy"})
    write(name);
  EXPECT_EQ(notifier.wait(20ms), woken::quiet);
}

TEST_F(file_notifier_of_a_database, wakes_when_the_file_is_replaced) {
  write("other");
  ASSERT_EQ(notifier.wait(patience), woken::written);
  std::filesystem::rename(folder.path() / "other",
                          folder.path() / "database.db");
  EXPECT_EQ(notifier.wait(patience), woken::written);
  std::filesystem::remove(folder.path() / "database.db");
  EXPECT_EQ(notifier.wait(patience), woken::written);
}

TEST_F(file_notifier_of_a_database, follows_a_link_to_the_file) {
  const auto elsewhere = folder.path() / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  std::filesystem::create_symlink(folder.path() / "database.db",
                                  elsewhere / "link.db");
  write("database.db");
  file_notifier linked{elsewhere / "link.db"};
  ASSERT_EQ(linked.wait(patience), woken::written);
  write("database.db-wal");
  EXPECT_EQ(linked.wait(patience), woken::written);
}

TEST_F(file_notifier_of_a_database, watches_again_when_its_folder_comes_back) {
  const auto inner = folder.path() / "inner";
  file_notifier late{inner / "database.db"};
  EXPECT_EQ(late.wait(0ms), woken::quiet);
  EXPECT_FALSE(late.watches());
  std::filesystem::create_directory(inner);
  EXPECT_EQ(late.wait(patience), woken::written);
  std::filesystem::remove(inner);
  EXPECT_EQ(late.wait(patience), woken::written);
  EXPECT_EQ(late.wait(0ms), woken::quiet);
  EXPECT_FALSE(late.watches());
}

TEST_F(file_notifier_of_a_database, ends_a_wait_in_another_thread) {
  std::optional end{notifier.make_end()};
  ASSERT_EQ(notifier.wait(patience), woken::written);
  woken last{};
  std::thread waits{[&] {
    last = notifier.wait(1h);
  }};
  end.reset();
  waits.join();
  EXPECT_EQ(last, woken::ended);
  EXPECT_EQ(notifier.wait(1h), woken::ended);
  EXPECT_TRUE(notifier.pause(1h));
}

TEST_F(file_notifier_of_a_database, moved_end_ends_nothing) {
  std::optional<wait_end> kept;
  {
    auto end = notifier.make_end();
    kept.emplace(std::move(end));
  }
  EXPECT_FALSE(notifier.pause(0ms));
  kept.reset();
  EXPECT_TRUE(notifier.pause(0ms));
}

} // namespace
} // namespace lockstep

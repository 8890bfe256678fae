#include "tests/apps/hosted_nodes.hpp"
#include "tests/apps/spoiled_file.hpp"

namespace lockstep {
namespace {

using testing::HasSubstr;

/// A library whose repair is kept from coming to its end.
class failed_repair : public hosted_nodes {
protected:
  [[nodiscard]] std::filesystem::path
  file_of(const std::string& device, library_id id, const std::string& name) {
    return directory_of(device) / "libraries" / to_string(id) / name;
  }

  /// Nothing can be written under this name.
  static void block(const std::filesystem::path& name) {
    std::filesystem::create_directories(name / "in the way");
  }
  static void unblock(const std::filesystem::path& name) {
    std::filesystem::remove_all(name);
  }

  /// Such that it can still be opened.
  static void change_entry(const std::filesystem::path& log) {
    SQLite::Database{log.string(), SQLite::OPEN_READWRITE, 5'000}.exec(
      "UPDATE sync_log SET data = replace(data, 'red', 'RED')");
  }

  static bool is_open(node& device) {
    const auto known = device.libraries();
    return known && known->size() == 1 && known->front().open;
  }
};

TEST_F(failed_repair, leaves_the_library_open_as_it_was) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto id = photos.id();
  ASSERT_TRUE(within(photos.commit(named("red"))));
  ASSERT_TRUE(device.close_library(id));
  const auto log = file_of("a", id, "sync.db");
  change_entry(log);
  ASSERT_TRUE(device.open_library("photos"));
  block(log.string() + ".unfinished");
  const auto failed = device.repair_library(id);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is_open(device));
  auto again = device.open_library("photos");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(within(again->commit(named("green"))));
  unblock(log.string() + ".unfinished");
  const auto done = device.repair_library(id);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->log.found, file_state::damaged);
  EXPECT_TRUE(is_open(device));
}

TEST_F(failed_repair, leaves_a_closed_library_closed) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto id = photos.id();
  ASSERT_TRUE(within(photos.commit(named("red"))));
  ASSERT_TRUE(device.close_library(id));
  const auto log = file_of("a", id, "sync.db");
  change_entry(log);
  block(log.string() + ".unfinished");
  EXPECT_FALSE(device.repair_library(id));
  EXPECT_FALSE(is_open(device));
}

TEST_F(failed_repair, of_both_files_knows_next_time_that_the_log_was_cut) {
  auto first = open("a");
  auto photos = make_library(first);
  const auto id = photos.id();
  const auto log = file_of("b", id, "sync.db");
  const auto database = file_of("b", id, "database.db");
  std::vector<tag> made;
  {
    auto second = open("b");
    auto shared = first.share_library(photos, second);
    ASSERT_TRUE(shared) << shared.error().message;
    ASSERT_TRUE(within(shared->use<tag>()));
    for (int i = 0; i < 20; ++i) {
      made.push_back(named("tag " + std::to_string(i)));
      ASSERT_TRUE(within(photos.commit(made.back(), change_type::insert,
                                       receipt_state::stable)));
    }
  }
  first.close();
  spoil_file(log, spoil::garbage);
  spoil_file(database, spoil::garbage);
  auto second = open("b");
  // As if the machine stopped after the log's replacement.
  block(database.string() + ".repaired");
  ASSERT_FALSE(second.repair_library(id));
  const auto refused = second.open_library("photos");
  EXPECT_EQ(code_of(refused), errc::corrupt);
  EXPECT_THAT(complaint_of(refused), HasSubstr("was cut off"));
  EXPECT_THAT(complaint_of(refused), HasSubstr("lockstep repair \"photos\""));
  unblock(database.string() + ".repaired");
  const auto done = second.repair_library(id);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->log.found, file_state::whole);
  EXPECT_EQ(done->database.found, file_state::damaged);
  EXPECT_TRUE(done->needs_members);
  auto mended = second.open_library("photos");
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_EQ(code_of(mended->load_all<tag>()), errc::incomplete);
}

} // namespace
} // namespace lockstep

#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace lockstep {
namespace {

/// Two devices that both have the folder which one of them indexes.
class indexed_library : public fleet {
public:
  indexed_library() {
    share({"anna", "bert"});
    for (int i = 0; i < files; ++i) {
      const auto name = "file " + std::to_string(i);
      std::ofstream{folder_.path() / name} << std::string(10, 'x');
    }
    folder_location_.uuid = make_id();
    folder_location_.name = "photos";
    folder_location_.path = folder_.path().string();
  }

  expected<index_outcome> index(const std::string& name) {
    return ask<index_outcome>(
      at(name).shared.indexer,
      index_location{folder_location_.uuid, folder_.path()});
  }

  /// Tells the other devices, as a host does once the index is there.
  expected<receipt> announce(const std::string& name) {
    bulk_operation what;
    what.location = folder_location_.uuid;
    what.path = folder_location_.path;
    what.count = files;
    return commit(name,
                  {to_change(folder_location_, change_type::insert),
                   record_change{std::string{bulk_model}, make_id(),
                                 change_type::bulk, to_image(what)}},
                  receipt_state::sequenced);
  }

  /// The index as text; nothing when there is no table.
  std::vector<std::vector<sql_value>> rows(const std::string& name) {
    const sql_query all{{"SELECT path, kind, size, modified, inode FROM entry"
                         " ORDER BY path",
                         {}}};
    auto found = ask<sql_rows>(at(name).shared.library, all);
    return found ? found->rows : std::vector<std::vector<sql_value>>{};
  }

  static constexpr int files = 1'200;

protected:
  temporary_directory folder_;
  location folder_location_;
};

TEST_F(indexed_library, many_files_make_one_small_entry) {
  const auto before = status("anna").head.position.sequence;
  const auto outcome = index("anna");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->files, static_cast<std::uint64_t>(files));
  ASSERT_TRUE(announce("anna"));
  // The location itself and the bulk operation.
  EXPECT_EQ(status("anna").head.position.sequence, before + 2);
  const auto last = log("anna").back();
  EXPECT_EQ(last.change, change_type::bulk);
  EXPECT_LT(last.data.size(), 1'000U);
}

TEST_F(indexed_library, follower_with_the_folder_indexes_its_own) {
  ASSERT_TRUE(index("anna"));
  EXPECT_TRUE(rows("bert").empty());
  ASSERT_TRUE(announce("anna"));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(rows("bert").size(), static_cast<std::size_t>(files));
  EXPECT_EQ(rows("bert"), rows("anna"));
}

TEST_F(indexed_library, follower_without_the_folder_only_keeps_the_entry) {
  folder_location_.path = (folder_.path() / "not here").string();
  ASSERT_TRUE(index("anna"));
  ASSERT_TRUE(announce("anna"));
  EXPECT_EQ(settle(), "");
  EXPECT_TRUE(rows("bert").empty());
  EXPECT_EQ(log("bert").back().model, bulk_model);
}

TEST_F(indexed_library, indexing_anew_replaces_the_rows) {
  ASSERT_TRUE(index("anna"));
  std::filesystem::remove(folder_.path() / "file 7");
  ASSERT_TRUE(index("anna"));
  EXPECT_EQ(rows("anna").size(), static_cast<std::size_t>(files - 1));
}

TEST_F(indexed_library, follower_that_was_away_indexes_when_it_is_back) {
  set_online("bert", false);
  ASSERT_TRUE(index("anna"));
  ASSERT_TRUE(announce("anna"));
  EXPECT_TRUE(rows("bert").empty());
  set_online("bert", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(rows("bert"), rows("anna"));
}

} // namespace
} // namespace lockstep

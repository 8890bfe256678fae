#include "tests/simulation/table_checker.hpp"
#include "tests/simulation/world.hpp"

#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

using namespace std::chrono_literals;

/// One device whose machine loses all that was not flushed.
class power_cut : public ::testing::Test {
public:
  void SetUp() override {
    ASSERT_TRUE(world_.share(1));
  }

  expected<receipt> commit(const std::string& sql) {
    return world_.ask<receipt>(one(), one().shared.library, 1min,
                               commit_transaction{{sql_statement{sql, {}}}});
  }

  void lose_power() {
    world_.crash(one(), unflushed::lost);
    ASSERT_TRUE(world_.start(one()));
    auto opened = world_.reopen(one());
    ASSERT_TRUE(opened) << opened.error().message;
  }

  std::string answer(const std::string& sql) {
    auto rows = world_.ask<sql_rows>(one(), one().shared.library, 1min,
                                     sql_query{{sql, {}}});
    if (!rows)
      return rows.error().message;
    return rows->rows.empty() ? "nothing"
                              : std::get<std::string>(rows->rows[0][0]);
  }

  temporary_directory folder_;
  world world_{1, folder_.path()};

  /// The only one; there once the library is shared.
  device& one() {
    return world_.devices.front();
  }
};

TEST_F(power_cut, leaves_a_tracked_row) {
  ASSERT_TRUE(commit("INSERT INTO note VALUES("
                     "'01890a5d-ac96-774b-bcce-b302099a8057', 'kept', 1)"));
  lose_power();
  EXPECT_EQ(answer("SELECT text FROM note"), "kept");
}

TEST_F(power_cut, leaves_a_table_that_was_made) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  lose_power();
  EXPECT_EQ(answer("SELECT name FROM sqlite_schema WHERE name = 'own'"), "own");
}

TEST_F(power_cut, leaves_a_row_that_is_not_tracked) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  ASSERT_TRUE(commit("INSERT INTO own VALUES('kept')"));
  lose_power();
  EXPECT_EQ(answer("SELECT x FROM own"), "kept");
}

} // namespace
} // namespace lockstep::simulation

#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Anna leads; Bert never does.
class never_leading : public fleet {
public:
  never_leading() {
    share({"anna"});
    limits.leadership.priority = -1;
    let_in("bert", "anna");
    use_models("bert");
    limits.leadership.priority = 0;
    EXPECT_TRUE(put("anna", first_));
    EXPECT_EQ(settle(), "");
  }

  void lose_library(const std::string& name) {
    const auto folder = database_of(name).parent_path();
    crash(name);
    std::filesystem::remove_all(folder);
  }

  tag first_{make_id(), "first", "red", {}};
  tag second_{make_id(), "second", "blue", {}};
};

TEST_F(never_leading, does_not_lead_while_the_others_are_away) {
  crash("anna");
  EXPECT_TRUE(put("bert", second_));
  advance(1h);
  EXPECT_EQ(leader(), "");
  EXPECT_EQ(status("bert").pending, 1U);
}

TEST_F(never_leading, lets_in_again_who_has_lost_its_library) {
  lose_library("anna");
  EXPECT_TRUE(put("bert", second_));
  advance(1h);
  let_in("anna", "bert");
  advance(5min);
  use_models("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(status("bert").pending, 0U);
  EXPECT_EQ(load<tag>("anna", first_.uuid), first_);
  EXPECT_EQ(load<tag>("anna", second_.uuid), second_);
  EXPECT_EQ(leader(), "anna");
}

} // namespace
} // namespace lockstep

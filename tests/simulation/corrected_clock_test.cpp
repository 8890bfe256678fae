#include "tests/simulation/message_content.hpp"
#include "tests/simulation/world.hpp"

#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

using namespace std::chrono_literals;

/// A leader and one whose clock is hours ahead, and whose machine loses all
/// that was not flushed.
class corrected_clock : public ::testing::Test {
public:
  void SetUp() override {
    ASSERT_TRUE(world_.share(2));
    world_.set_online(follower(), false);
    // A clock that is set while it runs is noticed at once.
    world_.crash(follower(), unflushed::kept);
    *follower().skew = 3h;
    ASSERT_TRUE(world_.start(follower()));
    ASSERT_TRUE(world_.reopen(follower()));
  }

  device& leader() {
    return world_.devices.at(0);
  }

  device& follower() {
    return world_.devices.at(1);
  }

  expected<receipt> write_note() {
    return world_.ask<receipt>(
      follower(), follower().shared.library, 1min,
      commit_transaction{
        {sql_statement{"INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-"
                       "b302099a8057', 'kept', 1)",
                       {}}}});
  }

  void lose_power() {
    world_.crash(follower(), unflushed::lost);
    ASSERT_TRUE(world_.start(follower()));
    const auto opened = world_.reopen(follower());
    ASSERT_TRUE(opened) << opened.error().message;
  }

  std::int64_t correction() {
    const auto rows = world_.ask<sql_rows>(
      follower(), follower().shared.library, 1min,
      sql_query{{"SELECT clock_correction FROM lockstep_state", {}}});
    return rows ? std::get<std::int64_t>(rows->rows[0][0]) : -1;
  }

  temporary_directory folder_;
  world world_{1, folder_.path()};
};

TEST_F(corrected_clock, survives_a_power_cut) {
  // Something to put right together with the clock.
  ASSERT_TRUE(write_note());
  bool is_put_right = false;
  world_.before_step = [&](device& which, caf::mailbox_element& next) {
    const auto* said = content_of<clock_corrected>(next);
    is_put_right = is_put_right
                   || (which.number == follower().number && said != nullptr
                       && said->by != std::chrono::milliseconds::zero());
  };
  world_.set_online(follower(), true);
  ASSERT_TRUE(world_.run.run_until([&] { return is_put_right; }, 1min));
  world_.set_online(follower(), false);
  lose_power();
  EXPECT_NEAR(static_cast<double>(correction()), -3 * 3'600'000.0, 60'000.0);
}

} // namespace
} // namespace lockstep::simulation

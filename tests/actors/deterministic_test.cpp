#include "tests/support/deterministic.hpp"
#include "tests/support/temporary_directory.hpp"

#include <caf/stateful_actor.hpp>

#include <fstream>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

struct deterministic_test : deterministic {
  std::vector<duration> ticks;
  int stopped = 0;

  caf::actor ticker(duration interval) {
    return spawn([=, this](caf::event_based_actor* self) -> caf::behavior {
      self->attach_functor([this] { ++stopped; });
      self->delayed_send(self, interval, 1);
      return {[=, this](int) {
        ticks.push_back(now() - time_point{1h});
        self->delayed_send(self, interval, 1);
      }};
    });
  }
};

TEST_F(deterministic_test, time_stands_still_unless_it_is_advanced) {
  ticker(10ms);
  run();
  EXPECT_TRUE(ticks.empty());
}

TEST_F(deterministic_test, a_timer_fires_each_time_in_one_long_advance) {
  ticker(10ms);
  advance(1s);
  ASSERT_EQ(ticks.size(), 100u);
  EXPECT_EQ(ticks.front(), duration{10ms});
  EXPECT_EQ(ticks.back(), duration{1s});
  EXPECT_EQ(now() - time_point{1h}, 1s);
}

TEST_F(deterministic_test, ask_lets_time_pass_until_the_answer) {
  auto slow = spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto asked = std::make_shared<caf::typed_response_promise<int>>();
    return {[=](int value) {
              *asked = self->make_response_promise<int>();
              self->delayed_send(self, 5s, std::to_string(2 * value));
              return *asked;
            },
            [=](const std::string& doubled) {
              asked->deliver(std::stoi(doubled));
            }};
  });
  EXPECT_EQ(ask<int>(slow, 21), 42);
  EXPECT_EQ(now() - time_point{1h}, 5s);
}

TEST_F(deterministic_test, ask_hands_back_the_failure_with_its_sentence) {
  auto refusing = spawn([]() -> caf::behavior {
    return {[](int) -> caf::result<int> {
      return to_error({errc::not_found, "No such table."});
    }};
  });
  auto answer = ask<int>(refusing, 1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), (failure{errc::not_found, "No such table."}));
}

TEST_F(deterministic_test, ask_gives_up_on_who_never_answers) {
  auto mute = spawn([](caf::event_based_actor* self) -> caf::behavior {
    auto kept = std::make_shared<std::vector<caf::response_promise>>();
    return {[=](int) {
      kept->push_back(self->make_response_promise());
    }};
  });
  auto answer = ask<int>(mute, 1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::timed_out);
}

TEST_F(deterministic_test, a_killed_actor_answers_nothing_and_is_closed) {
  auto target = ticker(1s);
  kill(target);
  EXPECT_EQ(stopped, 1);
  advance(10s);
  EXPECT_TRUE(ticks.empty());
  auto answer = ask<int>(target, 1);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::closed);
}

TEST_F(deterministic_test, finish_ends_what_was_spawned) {
  ticker(1s);
  ticker(2s);
  finish();
  EXPECT_EQ(stopped, 2);
  EXPECT_EQ(system().registry().running(), 0u);
}

TEST_F(deterministic_test, the_wall_clock_follows_virtual_time_with_its_skew) {
  auto exact = simulated_environment(1);
  auto fast = simulated_environment(1, 3min);
  const auto before = exact.wall(now());
  advance(90s);
  EXPECT_EQ(exact.wall(now()) - before, 90s);
  EXPECT_EQ(fast.wall(now()) - exact.wall(now()), 3min);
}

TEST(temporary_directory_test, is_empty_and_goes_away_with_its_contents) {
  std::filesystem::path path;
  {
    temporary_directory directory;
    path = directory.path();
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::ofstream{directory / "file"} << "content";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

} // namespace
} // namespace lockstep

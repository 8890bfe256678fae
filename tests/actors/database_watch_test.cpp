#include "actors/database_watch.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fstream>

namespace lockstep {
namespace {

/// The watch in the test's own thread: what it waits for has happened before.
class database_watch_actor_alone : public deterministic {
public:
  static database_listener::behavior_type
  listen(database_listener::pointer, database_watch_actor_alone* test) {
    return {[test](const database_written&) {
      if (++test->heard == test->enough)
        test->end.reset();
      return done{};
    }};
  }

  /// Runs until the watch has told this many times.
  void run_until_told(int times) {
    enough = times;
    run();
  }

  void write() {
    std::ofstream{file, std::ios::app} << "x";
  }

  temporary_directory folder;
  std::filesystem::path file = folder.path() / "database.db";
  std::shared_ptr<file_notifier> notifier
    = std::make_shared<file_notifier>(file);
  std::optional<wait_end> end{notifier->make_end()};
  database_listener listener = spawn(listen, this);
  int heard = 0;
  int enough = 0;
};

TEST_F(database_watch_actor_alone, tells_at_once_and_ends_with_the_wait_end) {
  const auto watch = spawn(database_watch, listener, notifier);
  run_until_told(1);
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(notifier.use_count(), 1) << "the watch is gone";
}

TEST_F(database_watch_actor_alone, looks_again_for_a_commit_after_the_write) {
  const auto watch = spawn(database_watch, listener, notifier);
  write();
  run_until_told(4);
  EXPECT_EQ(heard, 4);
}

TEST_F(database_watch_actor_alone, waits_for_the_answer) {
  auto silent = [](database_listener::pointer self,
                   int* asked) -> database_listener::behavior_type {
    return {[self, asked](const database_written&) {
      ++*asked;
      return self->make_response_promise<done>();
    }};
  };
  const database_listener mute = spawn(silent, &heard);
  const auto watch = spawn(database_watch, mute, notifier);
  write();
  run();
  EXPECT_EQ(heard, 1);
}

TEST_F(database_watch_actor_alone, ends_with_its_listener) {
  kill(listener);
  const auto watch = spawn(database_watch, listener, notifier);
  run();
  EXPECT_EQ(notifier.use_count(), 1) << "the watch is gone";
}

TEST(looks_at_a_file, thin_out_after_a_write) {
  using namespace std::chrono_literals;
  for (const bool watched : {true, false}) {
    EXPECT_EQ(next_look(0s, watched), 5ms);
    EXPECT_EQ(next_look(2s, watched), 500ms);
  }
}

TEST(looks_at_a_file, are_rare_where_the_system_tells_of_writes) {
  using namespace std::chrono_literals;
  EXPECT_EQ(next_look(1h, true), 10s);
  EXPECT_EQ(next_look(1h, false), 1s);
}

} // namespace
} // namespace lockstep

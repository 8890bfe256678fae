#include "persistence/data_directory.hpp"
#include "tests/apps/hosted_nodes.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <optional>

namespace lockstep {
namespace {

using node_facade = hosted_nodes;

TEST_F(node_facade, keeps_its_libraries_over_a_restart) {
  const auto red = named("red");
  device_id id;
  {
    auto device = open("a");
    id = device.device();
    auto photos = make_library(device);
    make_library(device, "music");
    ASSERT_TRUE(within(photos.commit(red)));
  }
  auto device = open("a");
  EXPECT_EQ(device.device(), id);
  const auto known = device.libraries();
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 2u);
  EXPECT_EQ((*known)[0].name, "music");
  EXPECT_FALSE((*known)[0].open);
  auto photos = device.open_library("photos");
  ASSERT_TRUE(photos) << photos.error().message;
  EXPECT_EQ(photos->load<tag>(red.uuid)->name, "red");
  EXPECT_EQ(code_of(device.open_library("nothing")), errc::not_found);
}

TEST_F(node_facade, answers_closed_for_a_closed_library) {
  auto device = open("a");
  auto photos = make_library(device);
  ASSERT_TRUE(device.close_library(photos.id()));
  EXPECT_EQ(code_of(within(photos.status())), errc::closed);
  EXPECT_EQ(code_of(within(photos.commit(named("red")))), errc::closed);
  EXPECT_EQ(code_of(photos.load_all<tag>()), errc::closed);
  EXPECT_FALSE(photos.is_leader());
  auto again = device.open_library("photos");
  ASSERT_TRUE(again);
  EXPECT_TRUE(within(again->commit(named("red"))));
}

TEST_F(node_facade, answers_every_commit_also_when_it_is_killed) {
  auto first = open("a");
  auto second = open("b");
  auto photos = make_library(first);
  auto shared = first.share_library(photos, second);
  ASSERT_TRUE(shared);
  ASSERT_TRUE(within(shared->use<tag>()));
  first.kill();
  auto waiting
    = shared->commit(named("red"), change_type::insert, receipt_state::stable);
  second.kill();
  EXPECT_EQ(code_of(within(std::move(waiting))), errc::closed);
}

TEST_F(node_facade, answers_closed_once_it_is_closed_itself) {
  auto device = open("a");
  device.close();
  EXPECT_EQ(code_of(device.libraries()), errc::closed);
  EXPECT_EQ(code_of(device.create_library("photos")), errc::closed);
  device.subscribe([](const event&) {});
  device.close();
}

TEST_F(node_facade, answers_closed_to_handles_that_outlive_it) {
  std::optional<library> kept;
  {
    auto device = open("a");
    kept = make_library(device);
  }
  EXPECT_EQ(code_of(within(kept->status())), errc::closed);
}

TEST_F(node_facade, lets_the_runtime_end_while_handles_are_kept) {
  std::optional<library> kept;
  std::optional<subscription> events;
  {
    runtime own;
    node_options how;
    how.data_directory = directory_of("a");
    how.limits = short_times();
    auto device = node::open(own, how);
    ASSERT_TRUE(device);
    kept = make_library(*device);
    events = device->subscribe([](const event&) {});
    events.reset();
  }
  EXPECT_EQ(kept->name(), "photos");
}

TEST_F(node_facade, refuses_a_directory_in_use_by_this_process) {
  auto device = open("a");
  const auto second = try_open("a");
  EXPECT_EQ(code_of(second), errc::locked);
  EXPECT_THAT(complaint_of(second), is_one_sentence());
}

TEST_F(node_facade, refuses_a_directory_in_use_by_another_process) {
  int ready[2];
  int over[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(over), 0);
  const auto child = fork();
  if (child == 0) {
    auto held = data_directory::open(directory_of("a"));
    char byte = held ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1 || read(over[0], &byte, 1) != 1)
      _exit(1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_EQ(code_of(try_open("a")), errc::locked);
  ASSERT_EQ(write(over[1], &byte, 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(try_open("a"));
}

TEST_F(node_facade, finds_all_that_was_answered_after_a_kill) {
  std::vector<tag> made;
  auto device = open("a");
  {
    auto photos = make_library(device);
    for (int i = 0; i < 50; ++i) {
      made.push_back(named("tag " + std::to_string(i)));
      ASSERT_TRUE(within(photos.commit(made.back())));
    }
  }
  device.kill();
  auto again = open("a");
  auto photos = again.open_library("photos");
  ASSERT_TRUE(photos) << photos.error().message;
  for (const auto& one : made)
    EXPECT_EQ(photos->load<tag>(one.uuid)->name, one.name);
  EXPECT_TRUE(eventually([&] { return photos->is_leader(); }));
  EXPECT_TRUE(within(photos->commit(named("after"))));
}

TEST_F(node_facade, refuses_settings_that_do_not_go_together) {
  node_options how;
  how.data_directory = directory_of("a");
  how.limits.leadership.heartbeat = std::chrono::hours{1};
  EXPECT_EQ(code_of(node::open(shared, how)), errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(how.data_directory));
}

} // namespace
} // namespace lockstep

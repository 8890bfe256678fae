#include "tests/persistence/test_disk.hpp"
#include "tests/support/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <unistd.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// The names of what lies in a folder, also the hidden ones.
std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& one : std::filesystem::directory_iterator{folder, missing})
    names.push_back(one.path().filename().string());
  return names;
}

MATCHER(is_one_sentence, "is one sentence for people") {
  const std::string text = arg;
  return text.size() > 10 && text.find('\n') == std::string::npos
         && text.back() == '.';
}

/// Libraries that are made where there is little room for them.
class making_a_library : public fleet {
public:
  std::vector<std::string> folders_of(const std::string& name) {
    return names_in(at(name).directory / "libraries");
  }

  expected<library_handles> join(const std::string& name) {
    const auto& first = at("anna");
    return ask<library_handles>(
      at(name).node,
      join_library{first.shared.id, "photos", first.id, first.id});
  }

  test_disk disk;
};

TEST_F(making_a_library, on_a_full_disk_leaves_nothing_behind) {
  auto& anna = start("anna");
  int refused = 0;
  for (std::int64_t room = 0;; room += 4096) {
    SCOPED_TRACE("room for " + std::to_string(room) + " bytes");
    disk.room = room;
    const auto made = ask<library_handles>(anna.node, create_library{"photos"});
    run();
    if (made)
      break;
    ++refused;
    EXPECT_EQ(made.error().code, errc::disk_full) << made.error().message;
    EXPECT_THAT(made.error().message, is_one_sentence());
    ASSERT_THAT(folders_of("anna"), testing::IsEmpty());
    advance(2min);
    ASSERT_THAT(folders_of("anna"), testing::IsEmpty());
  }
  EXPECT_GT(refused, 10);
  disk.room = test_disk::plenty;
  advance(10min);
  EXPECT_TRUE(
    ask<library_list>(anna.node, list_libraries{})->libraries.at(0).open);
}

TEST_F(making_a_library, that_is_joined_on_a_full_disk_leaves_nothing_behind) {
  share({"anna"});
  auto& bert = start("bert");
  ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                           change_member{{bert.id, "bert", false}}));
  run();
  for (std::int64_t room = 0; room < 40'000; room += 8'000) {
    SCOPED_TRACE("room for " + std::to_string(room) + " bytes");
    disk.room = room;
    const auto joined = join("bert");
    disk.room = test_disk::plenty;
    run();
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().code, errc::disk_full) << joined.error().message;
    EXPECT_THAT(joined.error().message, is_one_sentence());
    ASSERT_THAT(folders_of("bert"), testing::IsEmpty());
  }
  auto joined = join("bert");
  ASSERT_TRUE(joined) << joined.error().message;
  bert.shared = *joined;
  advance(1min);
  EXPECT_EQ(log("bert"), log("anna"));
}

TEST_F(making_a_library, in_a_folder_that_cannot_be_written_is_refused) {
  if (geteuid() == 0)
    GTEST_SKIP() << "root may write everywhere";
  auto& anna = start("anna");
  const auto libraries = anna.directory / "libraries";
  std::filesystem::create_directory(libraries);
  std::filesystem::permissions(libraries,
                               std::filesystem::perms::owner_read
                                 | std::filesystem::perms::owner_exec);
  const auto made = ask<library_handles>(anna.node, create_library{"photos"});
  std::filesystem::permissions(libraries, std::filesystem::perms::owner_all);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::read_only);
  EXPECT_THAT(made.error().message, is_one_sentence());
  EXPECT_THAT(folders_of("anna"), testing::IsEmpty());
}

TEST_F(making_a_library, under_a_name_that_is_taken_is_refused) {
  share({"anna"});
  const auto again
    = ask<library_handles>(at("anna").node, create_library{"photos"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::already_exists);
  EXPECT_THAT(again.error().message, is_one_sentence());
  EXPECT_EQ(folders_of("anna").size(), 1U);
}

/// A library one of whose actors fails.
class failing_library : public fleet {
public:
  failing_library() {
    share({"anna"});
  }

  bool is_open() {
    return ask<library_list>(at("anna").node, list_libraries{})
      ->libraries.at(0)
      .open;
  }

  /// Ends one of the library's actors as a fault would.
  void fail_log() {
    const auto log = at("anna").shared.log;
    kill(log);
  }

  /// Runs all actors but one, which gets no turn until it is let go.
  caf::resumable* run_without(const library_actor& one) {
    caf::resumable* held = nullptr;
    auto& jobs = scheduler().jobs;
    while (!jobs.empty()) {
      if (held == nullptr && scheduler().prioritize(one)) {
        held = jobs.front();
        jobs.pop_front();
      } else {
        scheduler().try_run_once();
      }
    }
    return held;
  }

  std::filesystem::path description() {
    return at("anna").directory / "libraries" / to_string(at("anna").shared.id)
           / "library.json";
  }
};

TEST_F(failing_library, is_reopened) {
  fail_log();
  run();
  EXPECT_FALSE(is_open());
  advance(2s);
  EXPECT_TRUE(is_open());
  reopen("anna");
  EXPECT_TRUE(put("anna", tag{make_id(), "red", "", {}}));
}

TEST_F(failing_library, is_not_one_where_another_led_before_it_was_in_office) {
  const auto& anna = at("anna");
  const auto other = device_id{{7}};
  const auto tell = [&](role as, std::uint64_t term, device_id leader) {
    leadership_view now;
    now.role = as;
    now.ballot = {term_number{term}, leader};
    now.leader = leader;
    caf::anon_send(anna.shared.library, role_changed{now});
    run();
  };
  leadership_record known;
  known.current = known.vote = {term_number{9}, other};
  known.leader = other;
  ASSERT_TRUE(ask<done>(anna.shared.log, store_leadership{known}));
  tell(role::follower, 4, other);
  ASSERT_TRUE(put("anna", tag{make_id(), "red", "", {}}));
  tell(role::leader, 5, anna.id);
  EXPECT_TRUE(is_open());
  // It is the same library, and takes changes until it hears who leads.
  EXPECT_TRUE(put("anna", tag{make_id(), "blue", "", {}}));
  tell(role::follower, 9, other);
  EXPECT_TRUE(put("anna", tag{make_id(), "green", "", {}}));
}

TEST_F(failing_library, is_not_reopened_before_its_actors_have_ended) {
  fail_log();
  auto* held = run_without(at("anna").shared.library);
  ASSERT_NE(held, nullptr);
  advance(1min);
  EXPECT_FALSE(is_open()) << "the old actors hold the files";
  scheduler().jobs.push_back(held);
  advance(2s);
  EXPECT_TRUE(is_open());
}

TEST_F(failing_library, is_tried_again_while_its_description_cannot_be_read) {
  const auto away = description().string() + ".away";
  std::filesystem::rename(description(), away);
  fail_log();
  advance(20s);
  std::filesystem::rename(away, description());
  EXPECT_FALSE(is_open());
  advance(1min);
  EXPECT_TRUE(is_open());
}

TEST_F(failing_library, stays_closed_when_it_was_opened_and_closed_meanwhile) {
  fail_log();
  run();
  reopen("anna");
  ASSERT_TRUE(
    ask<done>(at("anna").node, close_open_library{at("anna").shared.id}));
  advance(1min);
  EXPECT_FALSE(is_open());
}

TEST_F(failing_library, stays_closed_when_it_is_closed_before_it_is_reopened) {
  fail_log();
  run();
  ASSERT_TRUE(
    ask<done>(at("anna").node, close_open_library{at("anna").shared.id}));
  advance(1min);
  EXPECT_FALSE(is_open());
}

TEST_F(failing_library, does_not_keep_its_node_from_closing) {
  fail_log();
  run();
  ASSERT_TRUE(ask<done>(at("anna").node, close_node{}));
  advance(1min);
  at("anna").node = nullptr;
  at("anna").shared = {};
  kill(at("anna").events);
}

} // namespace
} // namespace lockstep

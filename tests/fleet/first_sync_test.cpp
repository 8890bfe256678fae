#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Two devices with a library, and a third one that is new to it.
class newcomer : public fleet {
public:
  newcomer() {
    limits.replication.catch_up_limit = 10;
    limits.replication.fetch_limit = 10;
    share({"anna", "bert"});
    for (int i = 0; i < 200; ++i)
      tags_.push_back(put_tag("bert", "of bert"));
    EXPECT_EQ(settle(), "");
  }

  tag put_tag(const std::string& on, const std::string& name) {
    const tag made{make_id(), name, "red", {}};
    EXPECT_TRUE(put(on, made));
    return made;
  }

  /// Makes it a member that has not heard anything yet.
  void invite(const std::string& name) {
    start(name);
    set_online(name, false);
    auto& other = at(name);
    const auto& from = at("anna");
    ASSERT_TRUE(ask<receipt>(from.shared.library,
                             change_member{{other.id, name, false}}));
    const auto joined = ask<library_handles>(
      other.node,
      join_library{from.shared.id, from.shared.name, from.id, from.id});
    ASSERT_TRUE(joined) << joined.error().message;
    other.shared = *joined;
  }

  /// Each message takes its time, so that a test sees what is in between.
  void connect(const std::string& name) {
    set_faults({50ms, 50ms, 0, 0, 1});
    set_online(name, true);
  }

  expected<sql_rows> read(const std::string& on) {
    return ask<sql_rows>(at(on).shared.library,
                         sql_query{{"SELECT count(*) FROM tag", {}}});
  }

  /// What its tables hold, as any program sees it.
  std::int64_t rows_outside(const std::string& on) {
    SQLite::Database file{database_of(on).string(), SQLite::OPEN_READONLY};
    return file.execAndGet("SELECT count(*) FROM tag").getInt64();
  }

  void listen() {
    const auto listener = spawn(
      [this](caf::event_based_actor*) -> caf::behavior {
        return {[this](const event_batch& batch) {
          for (const auto& one : batch.list)
            if (const auto* now = std::get_if<first_sync_progress>(&one->body))
              told.push_back(*now);
            else if (const auto* some
                     = std::get_if<entries_unhandled>(&one->body))
              unhandled.push_back(*some);
            else if (std::holds_alternative<entries_applied>(one->body))
              ++applied;
          return done{};
        }};
      });
    tell(at("carl").events,
         subscribe{caf::actor_cast<event_subscriber>(listener), {}});
  }

  std::vector<tag> tags_;
  std::vector<first_sync_progress> told;
  std::vector<entries_unhandled> unhandled;
  std::size_t applied = 0;
};

TEST_F(newcomer, can_be_read_once_all_is_there) {
  invite("carl");
  ASSERT_TRUE(commit(
    "carl",
    {sql_statement{std::string{syncable_traits<tag>::create_table()}, {}}}));
  const auto tracked = request<tracked_table>(at("carl").shared.library,
                                              track_table{"tag", "tag", {}});
  advance(10s);
  EXPECT_TRUE(status("carl").first_sync);
  EXPECT_EQ(read("carl").error().code, errc::incomplete);
  EXPECT_FALSE(tracked->has_value());
  // A crash before anything came changes nothing.
  crash("carl");
  start("carl");
  reopen("carl");
  EXPECT_TRUE(status("carl").first_sync);
  const auto again = request<tracked_table>(at("carl").shared.library,
                                            track_table{"tag", "tag", {}});
  connect("carl");
  std::int64_t seen = 0;
  for (int i = 0; i < 1'000 && status("carl").first_sync; ++i) {
    EXPECT_EQ(rows_outside("carl"), 0) << "some of the rows are shown";
    seen += status("carl").first_sync && status("carl").first_sync->entries > 10
              ? 1
              : 0;
    advance(20ms);
  }
  EXPECT_FALSE(status("carl").first_sync);
  EXPECT_LT(0, seen) << "it was never seen under way";
  ASSERT_TRUE(again->has_value());
  EXPECT_TRUE(**again);
  EXPECT_EQ(read("carl")->rows.front().front(), sql_value{std::int64_t{200}});
}

TEST_F(newcomer, tells_how_far_it_is) {
  invite("carl");
  listen();
  connect("carl");
  advance(1min);
  ASSERT_LE(2U, told.size());
  EXPECT_FALSE(told.front().finished);
  EXPECT_TRUE(told.back().finished);
  EXPECT_EQ(told.back().entries, told.back().total);
  EXPECT_LT(200U, told.back().entries);
  EXPECT_LT(10'000U, told.back().bytes);
  EXPECT_EQ(std::count_if(told.begin(), told.end(),
                          [](const auto& one) { return one.finished; }),
            1);
}

TEST_F(newcomer, tells_at_once_of_what_has_no_table) {
  invite("carl");
  listen();
  connect("carl");
  advance(1min);
  std::uint64_t count = 0;
  for (const auto& some : unhandled) {
    count += some.count;
    EXPECT_EQ(some.list->size(), some.count);
    for (const auto& one : *some.list)
      EXPECT_EQ(one.model, "tag");
  }
  EXPECT_EQ(count, 200U);
  EXPECT_LE(unhandled.size(), applied);
  EXPECT_LT(unhandled.size(), 100U) << "an event for each";
}

TEST_F(newcomer, follows_while_the_leader_writes_and_deletes) {
  invite("carl");
  connect("carl");
  std::size_t rounds = 0;
  for (; status("carl").first_sync && rounds < 150; ++rounds) {
    advance(20ms);
    ASSERT_TRUE(
      commit("anna", {to_change(tags_[rounds], change_type::remove)}));
    put_tag("anna", "meanwhile");
  }
  EXPECT_LT(0U, rounds);
  use_models("carl");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(rows_outside("carl"), 200);
}

TEST_F(newcomer, gets_all_of_it_though_the_writer_is_gone) {
  crash("bert");
  invite("carl");
  connect("carl");
  use_models("carl");
  EXPECT_FALSE(status("carl").first_sync);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(rows_outside("carl"), 200);
}

TEST_F(newcomer, goes_on_with_another_member_when_the_leader_is_gone) {
  invite("carl");
  connect("carl");
  const auto enough = [&] {
    return 30U < status("carl").head.position.sequence.value;
  };
  for (int i = 0; i < 1'000 && !enough(); ++i)
    advance(20ms);
  ASSERT_TRUE(status("carl").first_sync);
  crash("anna");
  use_models("carl");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(rows_outside("carl"), 200);
}

} // namespace
} // namespace lockstep

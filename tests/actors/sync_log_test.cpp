#include "actors/sync_log.hpp"

#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

class sync_log_actor_test : public deterministic {
protected:
  sync_log_actor_test() {
    auto store = sync_log_store::open(folder_ / "sync.db");
    log_ = spawn(sync_log,
                 std::make_shared<sync_log_store>(std::move(store.value())),
                 log_settings{});
  }

  ~sync_log_actor_test() override {
    log_ = nullptr;
    finish();
  }

  expected<log_head> append(std::vector<entry> list) {
    auto head = ask<log_head>(log_, read_head{});
    auto under = list.back().ballot;
    return ask<log_head>(
      log_, append_entries{
              under, head->position,
              std::make_shared<const std::vector<entry>>(std::move(list))});
  }

  template <class T, class Request> errc refusal(Request request) {
    auto answer = ask<T>(log_, std::move(request));
    return answer ? errc::none : answer.error().code;
  }

  served_entries serve(log_position since, std::uint32_t limit = 10) {
    return ask<served_entries>(log_, serve_entries{since, limit}).value();
  }

  temporary_directory folder_;
  sync_log_actor log_;
  entry_maker maker_;
};

log_position position(std::uint64_t term, std::uint64_t sequence) {
  return {test_ballot(term), sequence_number{sequence}};
}

} // namespace

TEST_F(sync_log_actor_test, appended_entries_can_be_fetched) {
  auto list = maker_.make_list(3);
  ASSERT_EQ(append(list), maker_.head());
  EXPECT_EQ(ask<log_head>(log_, read_head{}), maker_.head());
  EXPECT_EQ(ask<sequence_number>(log_, latest_sequence{}), sequence_number{3});
  EXPECT_EQ(ask<std::uint64_t>(log_, count_entries{}), 3u);
  EXPECT_EQ(ask<entry_list>(log_, fetch_since{{}, {}})->list, list);
  auto range = fetch_range{sequence_number{2}, sequence_number{2}};
  EXPECT_EQ(ask<entry_list>(log_, range)->list, std::vector{list[1]});
}

TEST_F(sync_log_actor_test, refused_append_says_why) {
  auto list = maker_.make_list(2);
  EXPECT_EQ(append({list[1], list[0]}).error().code, errc::log_conflict);
  EXPECT_EQ(refusal<log_head>(append_entries{}), errc::invalid_argument);
}

TEST_F(sync_log_actor_test, fetch_limits_are_kept) {
  ASSERT_TRUE(append(maker_.make_list(1100)));
  auto size = [this](std::optional<std::uint32_t> limit) {
    return ask<entry_list>(log_, fetch_since{{}, limit})->list.size();
  };
  EXPECT_EQ(size(std::nullopt), 100u);
  EXPECT_EQ(size(1), 1u);
  EXPECT_EQ(size(1000), 1000u);
  EXPECT_EQ(refusal<entry_list>(fetch_since{{}, 0}), errc::invalid_argument);
  EXPECT_EQ(refusal<entry_list>(fetch_since{{}, 1001}), errc::invalid_argument);
  fetch_range all{sequence_number{1}, sequence_number{1100}};
  EXPECT_EQ(ask<entry_list>(log_, all)->list.size(), 1000u);
  EXPECT_EQ(refusal<entry_list>(fetch_range{all.last, all.first}),
            errc::invalid_argument);
}

TEST_F(sync_log_actor_test, peer_is_served_where_the_logs_match) {
  auto list = maker_.make_list(3);
  ASSERT_TRUE(append(list));
  auto served = serve(list[0].position());
  EXPECT_TRUE(served.matches);
  EXPECT_EQ(served.list, (std::vector{list[1], list[2]}));
  EXPECT_EQ(served.head, maker_.head().position);
  EXPECT_TRUE(serve({}).matches);
  EXPECT_EQ(serve({}, 2).list.size(), 2u);
  EXPECT_EQ(serve({}, 0).list.size(), 3u);
  EXPECT_EQ(serve({}, 5000).list.size(), 3u);
  EXPECT_TRUE(serve(list[2].position()).matches);
  EXPECT_TRUE(serve(list[2].position()).list.empty());
}

TEST_F(sync_log_actor_test, peer_hears_where_the_logs_may_match) {
  auto list = maker_.make_list(2);
  maker_.under = test_ballot(4);
  list.push_back(maker_.make());
  ASSERT_TRUE(append(list));
  auto served = serve(position(3, 3));
  EXPECT_FALSE(served.matches);
  EXPECT_TRUE(served.list.empty());
  EXPECT_EQ(served.try_at, position(1, 2));
  EXPECT_EQ(serve(position(5, 9)).try_at, position(4, 3));
  EXPECT_EQ(ask<log_position>(log_, find_match{position(3, 3)}),
            position(1, 2));
}

TEST_F(sync_log_actor_test, peer_hears_what_was_vacuumed) {
  ASSERT_TRUE(append(maker_.make_list(5)));
  vacuum_old_entries request{timestamp{~0UL}, sequence_number{4}};
  EXPECT_EQ(ask<vacuum_result>(log_, request)->removed, 3u);
  auto served = serve(position(1, 2));
  EXPECT_FALSE(served.matches);
  EXPECT_EQ(served.try_at, log_position{});
  EXPECT_EQ(served.vacuumed_through, sequence_number{3});
  EXPECT_TRUE(serve(position(1, 4)).matches);
}

TEST_F(sync_log_actor_test, history_is_found_with_and_without_its_end) {
  ASSERT_TRUE(append({maker_.make(1), maker_.make(2), maker_.make(1)}));
  auto size = [this](std::uint64_t latest) {
    return ask<entry_list>(log_, record_history{"note", test_record(1),
                                                sequence_number{latest}})
      ->list.size();
  };
  EXPECT_EQ(size(3), 2u);
  EXPECT_EQ(size(0), 2u);
}

TEST_F(sync_log_actor_test, truncation_answers_with_the_new_end) {
  auto list = maker_.make_list(3);
  ASSERT_TRUE(append(list));
  auto head = ask<log_head>(log_, truncate_after{sequence_number{1}});
  EXPECT_EQ(head->position, list[0].position());
}

TEST_F(sync_log_actor_test, leadership_and_progress_are_kept) {
  leadership_record record{test_ballot(3), test_ballot(2), test_device(1), {}};
  EXPECT_TRUE(ask<done>(log_, store_leadership{record}));
  EXPECT_EQ(ask<leadership_record>(log_, read_leadership{}), record);
  std::vector members{member_progress{test_device(2), sequence_number{4}, {}}};
  tell(log_, store_progress{members});
  EXPECT_EQ(ask<progress_list>(log_, read_progress{})->members, members);
}

TEST_F(sync_log_actor_test, close_ends_what_came_before_and_then_the_actor) {
  auto list = maker_.make_list(2);
  auto appended = request<log_head>(
    log_, append_entries{list[1].ballot,
                         {},
                         std::make_shared<const std::vector<entry>>(list)});
  auto closed = request<done>(log_, close_log{});
  run();
  ASSERT_TRUE(*appended && **appended);
  ASSERT_TRUE(*closed && **closed);
  EXPECT_EQ(refusal<log_head>(read_head{}), errc::closed);
  auto store = sync_log_store::open(folder_ / "sync.db");
  EXPECT_EQ(store->head(), maker_.head());
}

} // namespace lockstep

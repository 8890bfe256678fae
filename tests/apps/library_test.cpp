#include "tests/apps/hosted_nodes.hpp"

#include <array>

namespace lockstep {
namespace {

using library_facade = hosted_nodes;

TEST_F(library_facade, loads_what_was_committed) {
  auto device = open("a");
  auto photos = make_library(device);
  auto red = named("red");
  const auto receipt = within(photos.commit(red));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->device, device.device());
  EXPECT_GE(receipt->state, receipt_state::sequenced);
  red.version = version_number{1};
  EXPECT_EQ(photos.load<tag>(red.uuid), red);

  red.color = "#f00";
  ASSERT_TRUE(within(photos.commit(red)));
  EXPECT_EQ(photos.load<tag>(red.uuid)->color, "#f00");
  EXPECT_EQ(photos.load<tag>(red.uuid)->version, version_number{2});
  ASSERT_TRUE(within(photos.commit(red, change_type::remove)));
  EXPECT_EQ(code_of(photos.load<tag>(red.uuid)), errc::not_found);
  EXPECT_EQ(within(photos.history("tag", red.uuid))->size(), 3u);
}

TEST_F(library_facade, refuses_to_insert_what_is_there) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto red = named("red");
  ASSERT_TRUE(within(photos.commit(red, change_type::insert)));
  const auto again = within(photos.commit(red, change_type::insert));
  EXPECT_EQ(code_of(again), errc::already_exists);
  EXPECT_THAT(complaint_of(again), is_one_sentence());
}

TEST_F(library_facade, commits_a_batch_as_one_transaction) {
  auto device = open("a");
  auto photos = make_library(device);
  std::vector<tag> many;
  for (int i = 0; i < 1'200; ++i)
    many.push_back(named("tag " + std::to_string(i)));
  const auto receipt = within(photos.commit_batch(std::span<const tag>{many}));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(photos.load_all<tag>()->size(), many.size());
  const auto last
    = within(photos.fetch_range(receipt->sequence, receipt->sequence));
  ASSERT_EQ(last->size(), 1u);
  EXPECT_EQ(last->front().transaction_end, receipt->sequence);
}

TEST_F(library_facade, refuses_an_empty_batch_and_one_with_a_record_twice) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto before = within(photos.latest_sequence());
  EXPECT_EQ(code_of(within(photos.commit_batch(std::span<const tag>{}))),
            errc::invalid_argument);
  const auto red = named("red");
  const std::array twice{red, red};
  EXPECT_EQ(code_of(within(photos.commit_batch(std::span<const tag>{twice}))),
            errc::invalid_argument);
  EXPECT_EQ(within(photos.latest_sequence()), before);
}

TEST_F(library_facade, refuses_changes_that_make_no_sense) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto id = make_record_id();
  for (const std::string data : {"", "{", "[1]", "null", R"({"name":1e999})"}) {
    const auto refused = within(photos.commit_changes(
      {record_change{"tag", id, change_type::insert, data}}));
    EXPECT_EQ(code_of(refused), errc::invalid_argument) << data;
    EXPECT_THAT(complaint_of(refused), is_one_sentence()) << data;
  }
  EXPECT_EQ(code_of(photos.load<tag>(id)), errc::not_found);
}

TEST_F(library_facade, runs_all_of_a_transaction_or_nothing) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto red = named("red");
  const auto refused = within(photos.transaction()
                                .put(red)
                                .execute("INSERT INTO tag(uuid) VALUES(NULL)")
                                .commit());
  EXPECT_EQ(code_of(refused), errc::constraint);
  EXPECT_EQ(code_of(photos.load<tag>(red.uuid)), errc::not_found);

  ASSERT_TRUE(within(photos.transaction()
                       .put(red)
                       .execute("UPDATE tag SET color = ? WHERE uuid = ?",
                                {std::string{"blue"}, to_string(red.uuid)})
                       .commit()));
  EXPECT_EQ(photos.load<tag>(red.uuid)->color, "blue");
}

TEST_F(library_facade, tells_all_of_a_bulk_operation_in_one_entry) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto before = *within(photos.count());
  bulk_operation what;
  what.location = make_record_id();
  what.count = 1'000'000;
  const auto receipt = within(photos.commit_bulk(what));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(within(photos.count()), before + 1);
  const auto kept
    = within(photos.fetch_range(receipt->sequence, receipt->sequence));
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ(kept->front().change, change_type::bulk);
  EXPECT_EQ(bulk_operation_from_image(kept->front().data), what);
}

TEST_F(library_facade, calls_back_with_the_answer) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto red = named("red");
  std::promise<expected<receipt>> answered;
  photos.commit({{to_change(red, change_type::insert)}, receipt_state::local},
                [&](expected<receipt> got) { answered.set_value(got); });
  const auto got = within(answered.get_future());
  EXPECT_TRUE(got);
}

TEST_F(library_facade, publishes_events_of_its_library_only) {
  auto device = open("a");
  auto photos = make_library(device);
  auto other = make_library(device, "other");
  std::promise<entry> heard;
  auto events = device.subscribe(
    [&, told = false](const event& what) mutable {
      const auto* made = std::get_if<entries_committed>(&what.body);
      if (made != nullptr && !std::exchange(told, true))
        heard.set_value(made->list->front());
    },
    photos.id());
  ASSERT_TRUE(within(other.commit(named("not this one"))));
  const auto red = named("red");
  ASSERT_TRUE(within(photos.commit(red)));
  auto coming = heard.get_future();
  ASSERT_EQ(coming.wait_for(host_patience), std::future_status::ready);
  EXPECT_EQ(coming.get().record, red.uuid);
}

TEST_F(library_facade, only_reads_with_a_query) {
  auto device = open("a");
  auto photos = make_library(device);
  EXPECT_NE(code_of(within(photos.query("DELETE FROM tag"))), errc::none);
  EXPECT_NE(code_of(within(photos.query("SELECT nonsense"))), errc::none);
  const auto rows = within(photos.query("SELECT count(*) FROM tag"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(std::get<std::int64_t>(rows->rows[0][0]), 0);
}

} // namespace
} // namespace lockstep

#include "tests/apps/hosted_nodes.hpp"

#include <optional>

namespace lockstep {
namespace {

class sharing_facade : public hosted_nodes {
protected:
  sharing_facade() {
    auto joined = a.share_library(on_a, b);
    if (!joined)
      throw std::runtime_error{joined.error().message};
    on_b = std::move(*joined);
    if (auto used = within(on_b->use<tag>()); !used)
      throw std::runtime_error{used.error().message};
  }

  /// Both hold the same and wait for nothing.
  bool in_step() {
    return eventually([&] {
      const auto one = within(on_a.status());
      const auto other = within(on_b->status());
      return one && other && one->head == other->head && one->pending == 0
             && other->pending == 0
             && other->applied == other->head.position.sequence
             && within(on_a.digest()) == within(on_b->digest());
    });
  }

  node a = open("a");
  node b = open("b");
  library on_a = make_library(a);
  std::optional<library> on_b;
};

TEST_F(sharing_facade, shows_on_each_device_what_the_other_wrote) {
  const auto red = named("red");
  const auto blue = named("blue");
  ASSERT_TRUE(within(on_a.commit(red)));
  const auto receipt
    = within(on_b->commit(blue, change_type::insert, receipt_state::sequenced));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_TRUE(receipt->sequence);
  ASSERT_TRUE(in_step());
  EXPECT_EQ(on_b->load<tag>(red.uuid)->name, "red");
  EXPECT_EQ(on_a.load<tag>(blue.uuid)->name, "blue");
  EXPECT_EQ(on_b->leader(), a.device());
  EXPECT_FALSE(on_b->is_leader());
}

TEST_F(sharing_facade, answers_stable_once_every_member_has_it) {
  const auto receipt = within(
    on_a.commit(named("red"), change_type::insert, receipt_state::stable));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->state, receipt_state::stable);
  EXPECT_EQ(within(on_a.find_receipt(*receipt))->state, receipt_state::stable);
}

TEST_F(sharing_facade, keeps_writing_while_cut_off) {
  ASSERT_TRUE(eventually([&] { return on_b->leader() == a.device(); }));
  shared.set_online(b.device(), false);
  std::vector<tag> made;
  for (int i = 0; i < 20; ++i) {
    made.push_back(named("offline " + std::to_string(i)));
    ASSERT_TRUE(within(on_b->commit(made.back())));
    ASSERT_TRUE(within(on_a.commit(named("online " + std::to_string(i)))));
  }
  EXPECT_EQ(on_b->load<tag>(made.back().uuid)->name, made.back().name);
  EXPECT_FALSE(on_a.load<tag>(made.back().uuid));
  shared.set_online(b.device(), true);
  ASSERT_TRUE(in_step());
  EXPECT_EQ(on_a.load_all<tag>()->size(), 40u);
  EXPECT_EQ(on_a.load_all<tag>(), on_b->load_all<tag>());
}

TEST_F(sharing_facade, logs_only_on_the_leader) {
  ASSERT_TRUE(eventually([&] { return on_b->leader() == a.device(); }));
  const record_change what{"weather", make_record_id(), change_type::insert,
                           R"({"rain":true})"};
  const auto refused = within(on_b->log_change(what));
  EXPECT_EQ(code_of(refused), errc::not_leader);
  EXPECT_THAT(refused.error().message,
              testing::HasSubstr(to_string(a.device())));
  EXPECT_TRUE(within(on_a.log_change(what)));
  EXPECT_TRUE(in_step());
}

TEST_F(sharing_facade, elects_the_other_when_the_leader_is_killed) {
  const auto red = named("red");
  ASSERT_TRUE(
    within(on_a.commit(red, change_type::insert, receipt_state::stable)));
  a.kill();
  ASSERT_TRUE(eventually([&] { return on_b->is_leader(); }));
  const auto blue = named("blue");
  ASSERT_TRUE(within(on_b->commit(blue)));
  a = open("a");
  auto back = a.open_library("photos");
  ASSERT_TRUE(back) << back.error().message;
  on_a = *back;
  ASSERT_TRUE(in_step());
  EXPECT_EQ(on_a.load<tag>(blue.uuid)->name, "blue");
}

TEST_F(sharing_facade, hands_over_the_leadership_when_it_closes) {
  ASSERT_TRUE(within(
    on_a.commit(named("red"), change_type::insert, receipt_state::stable)));
  a.close();
  EXPECT_TRUE(eventually([&] { return on_b->is_leader(); }));
  EXPECT_TRUE(within(on_b->commit(named("blue"))));
}

TEST_F(sharing_facade, transfers_the_leadership_on_request) {
  ASSERT_TRUE(within(
    on_a.commit(named("red"), change_type::insert, receipt_state::stable)));
  const auto moved = within(on_a.transfer_leadership(b.device()));
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_TRUE(eventually([&] { return on_b->is_leader(); }));
  EXPECT_TRUE(eventually([&] { return on_a.leader() == b.device(); }));
  ASSERT_TRUE(within(
    on_a.commit(named("blue"), change_type::insert, receipt_state::sequenced)));
  EXPECT_TRUE(in_step());
}

} // namespace
} // namespace lockstep

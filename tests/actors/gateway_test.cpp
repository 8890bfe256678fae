#include "actors/gateway.hpp"

#include "tests/actors/connected_devices.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace lockstep {
namespace {

using gateway_test = connected_devices;

TEST_F(gateway_test, members_of_a_library_meet) {
  start_pair();
  for (auto [here, there] : {std::pair{ann, bob}, std::pair{bob, ann}}) {
    EXPECT_TRUE(devices[here].leadership.peers.contains(there));
    EXPECT_TRUE(devices[here].replication.peers.contains(there));
    EXPECT_EQ(devices[here].replication.peers.size(), 1u);
  }
}

TEST_F(gateway_test, members_meet_also_when_the_other_device_comes_later) {
  start(ann);
  open(ann, photos, {ann, bob});
  EXPECT_TRUE(devices[ann].leadership.peers.empty());
  start(bob);
  EXPECT_TRUE(devices[ann].leadership.peers.contains(bob));
}

TEST_F(gateway_test, messages_arrive_as_they_were_said_and_name_the_sender) {
  start_pair();
  const hello said{1, "Ann's laptop", {term_number{3}, ann}, ann, {}};
  say(ann, bob, said);
  ASSERT_EQ(devices[bob].replication.heard.size(), 1u);
  EXPECT_EQ(devices[bob].replication.heard[0],
            (std::pair<device_id, peer_message>{ann, said}));
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

TEST_F(gateway_test, messages_larger_than_a_frame_arrive) {
  start_pair();
  propose said;
  said.operations.emplace_back().data.assign(std::size_t{3} << 20, 'x');
  say(ann, bob, said);
  ASSERT_EQ(devices[bob].replication.heard.size(), 1u);
  EXPECT_EQ(devices[bob].replication.heard[0].second, peer_message{said});
}

TEST_F(gateway_test, a_message_beyond_the_limit_is_not_sent) {
  start_pair();
  propose said;
  said.operations.emplace_back().data.resize(frame_limits{}.message);
  say(ann, bob, said);
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  EXPECT_TRUE(devices[bob].replication.peers.contains(ann));
}

TEST_F(gateway_test, leadership_hears_elections_and_replication_the_rest) {
  start_pair();
  const std::vector<peer_message> elections{heartbeat_ack{}, claim{}, vote{},
                                            hand_over{}};
  const std::vector<peer_message> others{
    new_entries{}, fetch_entries{}, entries{},      sync_required{},
    acknowledge{}, propose{},       proposal_ack{}, welcome{}};
  for (const auto& what : elections)
    say(ann, bob, what);
  EXPECT_EQ(devices[bob].leadership.heard.size(), elections.size());
  EXPECT_EQ(devices[bob].replication.heard.size(), 0u);
  for (const auto& what : others)
    say(ann, bob, what);
  EXPECT_EQ(devices[bob].leadership.heard.size(), elections.size());
  EXPECT_EQ(devices[bob].replication.heard.size(), others.size());
}

TEST_F(gateway_test, both_hear_a_heartbeat_and_a_greeting) {
  start_pair();
  say(ann, bob, heartbeat{});
  say(ann, bob, hello{});
  EXPECT_EQ(devices[bob].leadership.heard.size(), 2u);
  EXPECT_EQ(devices[bob].replication.heard.size(), 2u);
}

TEST_F(gateway_test, others_are_no_peers) {
  start_pair();
  start(eve);
  open(eve, photos, {ann, bob, eve});
  EXPECT_FALSE(devices[ann].replication.peers.contains(eve));
  EXPECT_FALSE(devices[bob].leadership.peers.contains(eve));
}

TEST_F(gateway_test, what_others_say_is_dropped) {
  start_pair();
  start(eve);
  open(eve, photos, {ann, bob, eve});
  say(eve, ann, propose{});
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

using messages = std::vector<std::pair<device_id, peer_message>>;

TEST_F(gateway_test, others_are_told_once_that_they_are_no_members) {
  start_pair();
  start(eve);
  open(eve, photos, {ann, bob, eve});
  say(eve, ann, hello{});
  say(eve, ann, propose{});
  EXPECT_EQ(devices[eve].replication.heard, (messages{{ann, not_member{}}}));
  EXPECT_TRUE(devices[eve].leadership.heard.empty());
  tell(network, set_link{ann, eve, false});
  tell(network, set_link{ann, eve, true});
  say(eve, ann, hello{});
  EXPECT_EQ(devices[eve].replication.heard.size(), 2U) << "a new session";
}

TEST_F(gateway_test, a_removed_member_is_told_so_and_may_come_again) {
  start_pair();
  tell(devices[ann].gateway, set_library_members{photos, {ann}});
  EXPECT_EQ(devices[bob].replication.heard, (messages{{ann, not_member{}}}));
  say(bob, ann, hello{});
  EXPECT_EQ(devices[bob].replication.heard.size(), 1U);
  for (const auto& now : {std::vector{ann, bob}, std::vector{ann}})
    tell(devices[ann].gateway, set_library_members{photos, now});
  EXPECT_EQ(devices[bob].replication.heard.size(), 2U);
}

TEST_F(gateway_test, a_newcomer_turns_nobody_away) {
  start(ann);
  start(bob);
  start(eve);
  open(bob, photos, {ann, bob, eve});
  open(eve, photos, {ann});
  say(bob, eve, hello{});
  EXPECT_TRUE(devices[eve].replication.heard.empty());
  EXPECT_TRUE(devices[bob].replication.heard.empty());
}

TEST_F(gateway_test, nobody_turns_away_who_turns_it_away) {
  start(ann);
  start(eve);
  open(ann, photos, {ann});
  open(eve, photos, {eve});
  tell(devices[ann].gateway, set_library_members{photos, {ann, eve}});
  say(ann, eve, hello{});
  EXPECT_EQ(devices[ann].replication.heard, (messages{{eve, not_member{}}}));
  tell(devices[ann].gateway, set_library_members{photos, {ann}});
  EXPECT_TRUE(devices[eve].replication.heard.empty());
}

TEST_F(gateway_test, what_is_said_about_a_library_that_is_not_open_is_dropped) {
  start_pair();
  say(ann, bob, propose{}, music);
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  say(ann, bob, propose{}, photos);
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_new_member_is_announced) {
  start_pair();
  start(eve);
  tell(devices[ann].gateway, set_library_members{photos, {ann, bob, eve}});
  EXPECT_TRUE(devices[ann].leadership.peers.contains(eve));
  EXPECT_TRUE(devices[ann].replication.peers.contains(eve));
  EXPECT_TRUE(devices[ann].replication.went_down.empty());
}

TEST_F(gateway_test, a_removed_member_is_gone_and_no_longer_heard) {
  start_pair();
  tell(devices[ann].gateway, set_library_members{photos, {ann}});
  EXPECT_TRUE(devices[ann].leadership.peers.empty());
  EXPECT_EQ(devices[ann].replication.went_down, std::vector{bob});
  say(bob, ann, propose{});
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

TEST_F(gateway_test, a_peer_that_sends_garbage_is_cut_off_until_a_new_link) {
  start_pair();
  const auto garbage = std::make_shared<const std::vector<bytes>>(
    std::vector<bytes>{split(bytes{1, 2, 3}).value().front()});
  tell(network, carry_frames{ann, bob, garbage});
  EXPECT_TRUE(devices[bob].replication.peers.empty());
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  say(ann, bob, propose{});
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  tell(network, set_link{ann, bob, false});
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  tell(network, set_link{ann, bob, true});
  say(ann, bob, propose{});
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_peer_that_claims_a_frame_too_long_is_cut_off) {
  start_pair();
  const auto claim = std::make_shared<const std::vector<bytes>>(
    std::vector<bytes>{{0xff, 0xff, 0xff, 0xff, 0}});
  tell(network, carry_frames{ann, bob, claim});
  EXPECT_TRUE(devices[bob].replication.peers.empty());
}

TEST_F(gateway_test, a_detached_library_is_told_and_hears_nothing_more) {
  start_pair();
  EXPECT_TRUE(ask<done>(devices[bob].gateway, detach_library{photos}));
  run();
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  EXPECT_EQ(devices[bob].replication.went_down, std::vector{ann});
  say(ann, bob, propose{});
  EXPECT_TRUE(devices[bob].replication.heard.empty());
}

TEST_F(gateway_test, a_library_attached_again_meets_its_members_again) {
  start_pair();
  ASSERT_TRUE(ask<done>(devices[bob].gateway, detach_library{photos}));
  open(bob, photos, {ann, bob});
  EXPECT_TRUE(devices[bob].replication.peers.contains(ann));
}

TEST_F(gateway_test, closing_leaves_the_network_and_ends_what_it_started) {
  start_pair();
  // Listeners that keep a handle to the bitter end do not keep peers alive.
  const auto kept = devices[bob].replication.peers[ann];
  const auto before = system().registry().running();
  EXPECT_TRUE(ask<done>(devices[bob].gateway, close_gateway{}));
  run();
  EXPECT_TRUE(devices[ann].replication.peers.empty());
  EXPECT_TRUE(devices[bob].replication.peers.empty());
  // Bob's gateway and peer, and Ann's peer.
  EXPECT_EQ(system().registry().running(), before - 3);
}

} // namespace
} // namespace lockstep

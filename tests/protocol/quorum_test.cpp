#include "protocol/quorum.hpp"
#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace lockstep {
namespace {

using elections::a;
using elections::b;
using elections::c;
using elections::device;
using elections::members;

sequence_number at(std::uint64_t value) {
  return sequence_number{value};
}

bool suffices(const quorum& counted, const std::set<device_id>& who) {
  return counted.is_majority(
    [&](device_id each) { return who.contains(each); });
}

TEST(quorums, more_than_half) {
  quorum counted;
  EXPECT_FALSE(suffices(counted, {a}));
  counted.set_members(members({a}), at(1));
  EXPECT_TRUE(suffices(counted, {a}));
  EXPECT_FALSE(suffices(counted, {b}));
  counted = {};
  counted.set_members(members({a, b}), at(1));
  EXPECT_FALSE(suffices(counted, {a}));
  EXPECT_TRUE(suffices(counted, {a, b}));
  counted = {};
  counted.set_members(members({a, b, c}), at(1));
  EXPECT_FALSE(suffices(counted, {a, device(9)}));
  EXPECT_TRUE(suffices(counted, {a, c}));
  counted = {};
  counted.set_members(members({a, b, c, device(4)}), at(1));
  EXPECT_FALSE(suffices(counted, {a, c}));
  EXPECT_TRUE(suffices(counted, {a, c, device(4)}));
}

TEST(quorums, the_first_member_needs_nobody_before_it) {
  quorum counted;
  counted.set_members({}, {});
  counted.set_members(members({a}), at(1));
  EXPECT_TRUE(suffices(counted, {a}));
}

TEST(quorums, whom_only_a_part_of_the_log_names_does_not_count) {
  quorum counted;
  counted.set_members(members({a}), std::nullopt);
  EXPECT_FALSE(suffices(counted, {a}));
  counted.set_members(members({b, c}), at(6));
  EXPECT_TRUE(suffices(counted, {b, c}));
  counted.set_members(members({b}), at(7));
  EXPECT_FALSE(suffices(counted, {b}));
}

TEST(quorums, who_was_removed_does_not_count) {
  auto list = members({a, b, c});
  list[2].removed = true;
  quorum counted;
  counted.set_members(list, at(1));
  EXPECT_FALSE(suffices(counted, {a, c}));
  EXPECT_TRUE(suffices(counted, {a, b}));
}

TEST(quorums, a_removal_takes_a_majority_of_those_before_it) {
  quorum counted;
  counted.set_members(members({a, b, c}), at(3));
  counted.set_members(members({a}), at(7));
  EXPECT_FALSE(suffices(counted, {a}));
  EXPECT_TRUE(suffices(counted, {a, b}));
  counted.settle(at(6));
  EXPECT_FALSE(suffices(counted, {a}));
  counted.settle(at(7));
  EXPECT_TRUE(suffices(counted, {a}));
}

TEST(quorums, who_comes_in_cannot_outvote_those_before) {
  quorum counted;
  counted.set_members(members({a, b, c}), at(3));
  counted.set_members(members({a, b, c, device(4)}), at(4));
  counted.set_members(members({a, b, c, device(4), device(5)}), at(5));
  EXPECT_FALSE(suffices(counted, {a, device(4), device(5)}));
  EXPECT_FALSE(suffices(counted, {a, b}));
  EXPECT_TRUE(suffices(counted, {a, b, device(4)}));
  counted.settle(at(5));
  EXPECT_TRUE(suffices(counted, {a, device(4), device(5)}));
}

TEST(quorums, what_was_cut_does_not_count_any_more) {
  quorum counted;
  counted.set_members(members({a, b}), at(3));
  counted.set_members(members({a, b, c}), at(5));
  EXPECT_FALSE(suffices(counted, {b, c}));
  counted.set_members(members({a, b}), at(3));
  EXPECT_TRUE(suffices(counted, {a, b}));
}

TEST(quorums, what_is_settled_before_it_is_heard_counts_at_once) {
  quorum counted;
  counted.set_members(members({a, b}), at(3));
  counted.settle(at(8));
  counted.set_members(members({a, c}), at(7));
  EXPECT_TRUE(suffices(counted, {a, c}));
}

TEST(quorums, reach_as_far_as_more_than_half) {
  quorum counted;
  counted.set_members(members({a, b, c}), at(1));
  const std::map<device_id, int> far{{a, 9}, {b, 4}, {c, 7}};
  const auto of = [&](device_id each) {
    return far.at(each);
  };
  EXPECT_EQ(counted.reached<int>(of), 7);
  counted.set_members(members({b, c}), at(2));
  EXPECT_EQ(counted.reached<int>(of), 4);
  EXPECT_EQ(quorum{}.reached<int>(of), 0);
}

} // namespace
} // namespace lockstep

#include "protocol/sightings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const device_id ann{{1}};
const device_id bob{{2}};

TEST(sightings, are_dialled_once_out_of_turn) {
  sightings heard;
  heard.note(ann, "10.0.0.1:1");
  EXPECT_THAT(heard.take(ann), ElementsAre("10.0.0.1:1"));
  EXPECT_THAT(heard.take(ann), IsEmpty());
  // Said again, as it is every now and then.
  heard.note(ann, "10.0.0.1:1");
  EXPECT_THAT(heard.take(ann), IsEmpty());
}

TEST(sightings, are_tried_with_every_dial_that_is_due) {
  sightings heard;
  heard.note(ann, "10.0.0.1:1");
  heard.note(ann, "10.0.0.2:1");
  EXPECT_THAT(heard.due(ann), ElementsAre("10.0.0.2:1", "10.0.0.1:1"));
  EXPECT_THAT(heard.due(ann), ElementsAre("10.0.0.2:1", "10.0.0.1:1"));
  // They were just tried.
  EXPECT_THAT(heard.take(ann), IsEmpty());
}

TEST(sightings, that_are_made_up_cost_one_dial_between_two_that_are_due) {
  sightings heard;
  int dials = 0;
  for (int due = 0; due < 10; ++due) {
    for (int i = 0; i < 1'000; ++i) {
      heard.note(ann, "10.0.0.1:" + std::to_string(due * 1'000 + i));
      dials += heard.take(ann).empty() ? 0 : 1;
    }
    EXPECT_LE(heard.due(ann).size(), sightings::places_most);
  }
  EXPECT_EQ(dials, 10);
  EXPECT_EQ(heard.size(), 1U);
}

TEST(sightings, that_come_during_a_dial_have_their_turn_after_it) {
  sightings heard;
  heard.due(ann);
  for (int i = 1; i <= 6; ++i)
    heard.note(ann, "10.0.0." + std::to_string(i) + ":1");
  // The newest four.
  EXPECT_THAT(heard.take(ann), ElementsAre("10.0.0.6:1", "10.0.0.5:1",
                                           "10.0.0.4:1", "10.0.0.3:1"));
}

TEST(sightings, of_one_device_say_nothing_of_another) {
  sightings heard;
  heard.note(ann, "10.0.0.1:1");
  EXPECT_THAT(heard.take(bob), IsEmpty());
  EXPECT_THAT(heard.due(bob), IsEmpty());
  heard.note(bob, "10.0.0.1:1");
  EXPECT_THAT(heard.take(ann), ElementsAre("10.0.0.1:1"));
  EXPECT_THAT(heard.take(bob), ElementsAre("10.0.0.1:1"));
}

TEST(sightings, are_forgotten_once_the_device_is_here) {
  sightings heard;
  heard.note(ann, "10.0.0.1:1");
  EXPECT_THAT(heard.take(ann), ElementsAre("10.0.0.1:1"));
  EXPECT_TRUE(heard.knows(ann));
  heard.forget(ann);
  EXPECT_FALSE(heard.knows(ann));
  EXPECT_EQ(heard.size(), 0U);
  heard.note(ann, "10.0.0.1:1");
  EXPECT_THAT(heard.take(ann), ElementsAre("10.0.0.1:1"));
}

} // namespace
} // namespace lockstep

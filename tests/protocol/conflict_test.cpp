#include "protocol/conflict.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace lockstep {

namespace {

device_id device(std::uint8_t number) {
  device_id id;
  id.bytes[15] = number;
  return id;
}

device_sequence_number number(std::uint64_t value) {
  return device_sequence_number{value};
}

/// An update by device 2 that is based on version 3.
operation update() {
  operation what;
  what.device = device(2);
  what.device_sequence = number(5);
  what.timestamp = timestamp::from(1'000, 0);
  what.model = "note";
  what.record.bytes[0] = 9;
  what.change = change_type::update;
  what.base_version = version_number{3};
  what.transaction_end = number(5);
  what.data = R"({"text":"mine"})";
  return what;
}

/// The record as device 1 left it.
record_standing standing(std::uint64_t version) {
  return {version_number{version}, false, timestamp::from(1'000, 0), device(1),
          number(8)};
}

struct rule {
  std::string name;
  std::function<void(operation&, record_standing&)> change;
  verdict expected;
};

/// What each rule says when all rules before it say nothing.
std::vector<rule> rules() {
  return {
    {"a new record",
     [](auto& what, auto& record) {
       what.base_version = {};
       record = {};
     },
     verdict::clean},
    {"an insert over another life's version",
     [](auto& what, auto& record) {
       what.change = change_type::insert;
       record.version = version_number{3};
     },
     verdict::wins},
    {"saw the newest version",
     [](auto&, auto& record) { record.version = version_number{3}; },
     verdict::clean},
    {"saw the newest version and deletes",
     [](auto& what, auto& record) {
       record.version = version_number{3};
       what.change = change_type::remove;
     },
     verdict::clean},
    {"follows on its own operation",
     [](auto& what, auto& record) {
       what.base_operation = number(4);
       record.device = what.device;
       record.device_sequence = number(4);
     },
     verdict::clean},
    {"its own operation was overtaken",
     [](auto& what, auto&) {
       what.base_operation = number(4);
       what.timestamp = {};
     },
     verdict::loses},
    {"the same number of another device is not its own",
     [](auto& what, auto& record) {
       what.base_operation = number(4);
       what.timestamp = {};
       record.device_sequence = number(4);
     },
     verdict::loses},
    {"an own operation at the same version as another's",
     [](auto& what, auto& record) {
       what.base_operation = number(4);
       what.timestamp = {};
       record.version = version_number{3};
       record.timestamp = timestamp::from(2'000, 0);
     },
     verdict::wins}, // It would be version 4, which is higher.
    {"a delete beats an update, however late",
     [](auto& what, auto& record) {
       what.change = change_type::remove;
       what.timestamp = {};
       record.version = version_number{30};
     },
     verdict::wins},
    {"an update loses against a delete, however early",
     [](auto&, auto& record) {
       record.deleted = true;
       record.timestamp = {};
     },
     verdict::loses},
    {"a lower version loses, however late",
     [](auto& what, auto& record) {
       what.timestamp = timestamp::from(9'000, 0);
       record.version = version_number{5};
     },
     verdict::loses},
    {"a later time wins", [](auto& what, auto&) { ++what.timestamp.packed; },
     verdict::wins},
    {"an earlier time loses",
     [](auto& what, auto&) { --what.timestamp.packed; }, verdict::loses},
    {"a higher device wins", [](auto&, auto&) {}, verdict::wins},
    {"a lower device loses", [](auto& what, auto&) { what.device = device(0); },
     verdict::loses},
    {"two deletes: the later one wins",
     [](auto& what, auto& record) {
       what.change = change_type::remove;
       record.deleted = true;
       ++what.timestamp.packed;
     },
     verdict::wins},
  };
}

} // namespace

TEST(conflict, last_writer_wins_by_each_rule_in_turn) {
  for (const auto& rule : rules()) {
    auto what = update();
    auto record = standing(4);
    rule.change(what, record);
    EXPECT_EQ(last_writer_wins(what, record), rule.expected) << rule.name;
  }
}

TEST(conflict, the_loser_can_be_made_an_operation_again) {
  auto what = update();
  const auto image
    = conflict_image(conflict_kind::concurrent, what.model, what.record, "why",
                     conflict_side{}, side_of(what));
  const auto loser = loser_of(image);
  ASSERT_TRUE(loser);
  EXPECT_EQ(*loser, what);
}

TEST(conflict, a_lost_delete_has_no_data) {
  auto what = update();
  what.change = change_type::remove;
  what.data.clear();
  const auto loser
    = loser_of(conflict_image(conflict_kind::constraint, what.model,
                              what.record, "why", {}, side_of(what)));
  ASSERT_TRUE(loser);
  EXPECT_EQ(loser->change, change_type::remove);
  EXPECT_EQ(loser->data, "");
}

TEST(conflict, numbers_of_a_lost_image_stay_what_they_are) {
  auto what = update();
  what.data = R"({"a":9223372036854775807,"b":-0.0,"c":5e-324,"d":2.0})";
  const auto loser
    = loser_of(conflict_image(conflict_kind::concurrent, what.model,
                              what.record, "why", {}, side_of(what)));
  ASSERT_TRUE(loser);
  EXPECT_EQ(loser->data, what.data);
}

TEST(conflict, unreadable_data_is_kept_as_it_is) {
  auto what = update();
  what.data = "{ no JSON";
  const auto loser
    = loser_of(conflict_image(conflict_kind::constraint, what.model,
                              what.record, "why", {}, side_of(what)));
  ASSERT_TRUE(loser);
  EXPECT_EQ(loser->data, what.data);
}

TEST(conflict, a_reason_that_is_no_utf8_does_not_stop_the_log) {
  EXPECT_TRUE(loser_of(conflict_image(conflict_kind::constraint, "note", {},
                                      "\xff", {}, side_of(update()))));
}

TEST(conflict, an_image_names_its_kind_and_both_sides) {
  auto winner = update();
  winner.device = device(7);
  const auto image
    = conflict_image(conflict_kind::membership, "note", {}, "it was removed",
                     side_of(winner), side_of(update()));
  EXPECT_NE(image.find(R"("kind":"membership")"), std::string::npos);
  EXPECT_NE(image.find(R"("reason":"it was removed")"), std::string::npos);
  EXPECT_NE(image.find(to_string(device(7))), std::string::npos);
}

TEST(conflict, other_text_has_no_loser) {
  for (const auto* text :
       {"", "null", "[]", "{}", R"({"loser":{}})", R"({"loser":3})",
        R"({"loser":{"device":"x"},"record":"x","model":"note"})"})
    EXPECT_FALSE(loser_of(text)) << text;
}

} // namespace lockstep

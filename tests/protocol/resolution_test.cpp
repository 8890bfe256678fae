#include "protocol/resolution.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <ostream>
#include <random>
#include <stdexcept>

namespace lockstep {

namespace {

using json = nlohmann::json;
using loss = resolution::loss;

device_id device(std::uint8_t number) {
  device_id id;
  id.bytes[15] = number;
  return id;
}

/// Two devices changed a record that both saw in version 3: the newest entry is
/// device 1's, the operation is device 2's.
struct two_changes {
  bool later = true; ///< Whether the operation is the later one.
  operation what;
  record_standing record;
  concurrent_images images;

  two_changes(const char* base, const char* ours, const char* theirs) {
    what.device = device(2);
    what.device_sequence = device_sequence_number{5};
    what.change = *ours == '\0' ? change_type::remove : change_type::update;
    what.base_version = version_number{3};
    what.data = ours;
    record = {version_number{4}, *theirs == '\0', timestamp::from(1'000, 0),
              device(1), device_sequence_number{8}};
    images = {std::string{base}, theirs, ours};
  }

  resolution decide(conflict_policy policy) {
    what.timestamp = timestamp::from(later ? 2'000 : 500, 0);
    return resolve([policy] { return policy; }, what, record,
                   [this] { return images; });
  }
};

struct rule {
  const char* name;
  conflict_policy policy;
  const char* base;
  const char* ours; ///< Empty: a delete.
  const char* theirs;
  bool later; ///< Ours.
  /// What the record is afterwards; empty when it stays as theirs is.
  const char* outcome;
  loss lost;
};

void PrintTo(const rule& what, std::ostream* out) {
  *out << what.name;
}

constexpr auto lww = conflict_policy::last_writer_wins;
constexpr auto fww = conflict_policy::first_writer_wins;
constexpr auto fields = conflict_policy::field_merge;
constexpr auto arrays = conflict_policy::union_merge;

const rule rules[] = {
  {"the_later_wins", lww, R"({"a":1,"b":1})", R"({"a":2,"b":1})",
   R"({"a":1,"b":3})", true, R"({"a":2,"b":1})", loss::of_newest},
  {"the_earlier_loses", lww, R"({"a":1,"b":1})", R"({"a":2,"b":1})",
   R"({"a":1,"b":3})", false, "", loss::of_operation},
  {"the_first_stays", fww, R"({"a":1})", R"({"a":2})", R"({"a":3})", true, "",
   loss::of_operation},
  {"a_delete_beats_the_first", fww, R"({"a":1})", "", R"({"a":3})", true,
   "deleted", loss::of_newest},
  {"different_columns_merge", fields, R"({"a":1,"b":1})", R"({"a":2,"b":1})",
   R"({"a":1,"b":3})", true, R"({"a":2,"b":3})", loss::nothing},
  {"different_columns_merge_for_the_earlier", fields, R"({"a":1,"b":1})",
   R"({"a":2,"b":1})", R"({"a":1,"b":3})", false, R"({"a":2,"b":3})",
   loss::nothing},
  {"the_same_value_is_no_conflict", fields, R"({"a":1})", R"({"a":2})",
   R"({"a":2})", true, R"({"a":2})", loss::nothing},
  {"of_one_column_the_later_wins", fields, R"({"a":1,"b":1,"c":1})",
   R"({"a":2,"b":2,"c":1})", R"({"a":3,"b":1,"c":3})", true,
   R"({"a":2,"b":2,"c":3})", loss::of_newest},
  {"of_one_column_the_earlier_loses", fields, R"({"a":1,"b":1,"c":1})",
   R"({"a":2,"b":2,"c":1})", R"({"a":3,"b":1,"c":3})", false,
   R"({"a":3,"b":2,"c":3})", loss::of_operation},
  {"nothing_but_lost_columns_is_no_entry", fields, R"({"a":1})", R"({"a":2})",
   R"({"a":3})", false, "", loss::of_operation},
  {"an_integer_is_no_real", fields, R"({"a":0})", R"({"a":1})", R"({"a":1.0})",
   true, R"({"a":1})", loss::of_newest},
  {"a_delete_beats_an_update", fields, R"({"a":1})", "", R"({"a":3})", false,
   "deleted", loss::of_newest},
  {"an_update_loses_against_a_delete", fields, R"({"a":1})", R"({"a":2})", "",
   true, "", loss::of_operation},
  {"a_column_of_theirs_alone_stays", fields, R"({"a":1})", R"({"a":2})",
   R"({"a":1,"new":5})", true, R"({"a":2,"new":5})", loss::nothing},
  {"two_new_rows_of_one_key_merge", fields, "{}", R"({"a":1,"b":2})",
   R"({"a":1,"c":3})", true, R"({"a":1,"b":2,"c":3})", loss::nothing},
  {"additions_to_an_array_meet", arrays, R"({"a":[1,2]})", R"({"a":[1,2,3]})",
   R"({"a":[4,1,2]})", false, R"({"a":[4,1,2,3]})", loss::nothing},
  {"removals_from_an_array_count", arrays, R"({"a":[1,2,3]})", R"({"a":[1,3]})",
   R"({"a":[1,2,3,4]})", true, R"({"a":[1,3,4]})", loss::nothing},
  {"both_remove_something", arrays, R"({"a":[1,2,3]})", R"({"a":[2,3]})",
   R"({"a":[1,2]})", true, R"({"a":[2]})", loss::nothing},
  {"what_is_no_array_is_a_field", arrays, R"({"a":1})", R"({"a":2})",
   R"({"a":3})", true, R"({"a":2})", loss::of_newest},
  {"arrays_are_values_to_the_field_merge", fields, R"({"a":[1]})",
   R"({"a":[1,2]})", R"({"a":[1,3]})", true, R"({"a":[1,2]})", loss::of_newest},
};

class conflict_rule : public testing::TestWithParam<rule> {};

TEST_P(conflict_rule, decides) {
  const auto& given = GetParam();
  two_changes meeting{given.base, given.ours, given.theirs};
  meeting.later = given.later;
  const auto decided = meeting.decide(given.policy);
  EXPECT_EQ(decided.lost, given.lost);
  EXPECT_EQ(decided.applies, *given.outcome != '\0');
  if (decided.applies && meeting.what.change != change_type::remove) {
    EXPECT_EQ(json::parse(decided.merged.value_or(meeting.what.data)).dump(),
              json::parse(given.outcome).dump());
  }
}

INSTANTIATE_TEST_SUITE_P(policies, conflict_rule, testing::ValuesIn(rules),
                         [](const auto& info) {
                           return std::string{info.param.name};
                         });

TEST(resolution_of_changes,
     change_that_saw_the_newest_state_is_taken_as_it_is) {
  for (auto policy : {lww, fww, fields, arrays}) {
    two_changes meeting{R"({"a":1})", R"({"a":2})", R"({"a":1})"};
    meeting.what.base_version = meeting.record.version;
    const auto decided
      = resolve([policy] { return policy; }, meeting.what, meeting.record,
                []() -> concurrent_images {
                  ADD_FAILURE() << "Nothing is to be merged.";
                  return {};
                });
    EXPECT_TRUE(decided.applies);
    EXPECT_EQ(decided.lost, loss::nothing);
    EXPECT_FALSE(decided.merged);
  }
}

TEST(resolution_of_changes,
     change_after_the_writers_own_keeps_what_that_merged_with) {
  two_changes meeting{R"({"a":2,"b":1})", R"({"a":9,"b":1})",
                      R"({"a":2,"b":3})"};
  meeting.what.base_operation = device_sequence_number{4};
  meeting.what.changed = {"a"};
  meeting.record.device = meeting.what.device;
  meeting.record.device_sequence = device_sequence_number{4};
  const auto decided = meeting.decide(fields);
  EXPECT_EQ(decided.lost, loss::nothing);
  EXPECT_EQ(decided.merged, R"({"a":9,"b":3})");
}

TEST(resolution_of_changes, without_a_base_only_what_is_equal_is_no_conflict) {
  two_changes meeting{"", R"({"a":2,"b":1})", R"({"a":3,"b":1})"};
  meeting.images.base.reset();
  meeting.what.changed = {"a", "b"};
  EXPECT_EQ(meeting.decide(fields).lost, loss::of_newest);
  meeting.later = false;
  const auto decided = meeting.decide(fields);
  EXPECT_EQ(decided.lost, loss::of_operation);
  EXPECT_FALSE(decided.applies);
}

TEST(resolution_of_changes, names_are_read_as_they_are_written) {
  for (auto policy : {lww, fww, fields, arrays, conflict_policy::host})
    EXPECT_EQ(parse_conflict_policy(to_string(policy)), policy);
  EXPECT_FALSE(parse_conflict_policy("newest"));
}

struct host_policy : testing::Test {
  two_changes meeting{R"({"a":1})", R"({"a":5})", R"({"a":3})"};
  concurrent_images asked;
  std::optional<std::string> answer;
  bool throws = false;

  resolution decide(bool with_function = true) {
    const merge_function host = [this](const concurrent_images& images) {
      asked = images;
      if (throws)
        throw std::runtime_error{"not today"};
      return answer;
    };
    meeting.what.timestamp = timestamp::from(500, 0);
    return resolve([] { return conflict_policy::host; }, meeting.what,
                   meeting.record, [this] { return meeting.images; },
                   with_function ? &host : nullptr);
  }

  void expect_last_writer(const resolution& decided) {
    EXPECT_FALSE(decided.applies);
    EXPECT_EQ(decided.lost, loss::of_operation);
  }
};

TEST_F(host_policy, takes_what_the_host_answers) {
  answer = R"({"a":7})";
  const auto decided = decide();
  EXPECT_TRUE(decided.applies);
  EXPECT_EQ(decided.lost, loss::nothing);
  EXPECT_EQ(decided.merged, answer);
  EXPECT_EQ(asked.base, R"({"a":1})");
  EXPECT_EQ(asked.newest, R"({"a":3})");
  EXPECT_EQ(asked.operation, R"({"a":5})");
}

TEST_F(host_policy, leaves_to_the_last_writer_what_the_host_does_not_say) {
  expect_last_writer(decide());
  answer = "[1]";
  expect_last_writer(decide());
  answer = "{";
  expect_last_writer(decide());
  throws = true;
  expect_last_writer(decide());
  expect_last_writer(decide(false));
}

TEST_F(host_policy, is_not_asked_about_a_delete) {
  answer = R"({"a":7})";
  meeting.what.change = change_type::remove;
  EXPECT_TRUE(decide().applies);
  EXPECT_EQ(asked.newest, "");
}

TEST_F(host_policy, is_asked_of_an_own_edit_only_where_another_was_merged) {
  answer = R"({"a":7})";
  meeting.what.base_operation = device_sequence_number{4};
  meeting.record.device = meeting.what.device;
  meeting.record.device_sequence = device_sequence_number{4};
  EXPECT_EQ(decide().merged, answer);
  meeting.images.newest = *meeting.images.base;
  EXPECT_FALSE(decide().merged);
}

/// Whoever comes first: the columns that both merged are the same.
TEST(resolution_of_changes, outcome_does_not_depend_on_who_is_first) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  const auto seed = static_cast<std::uint32_t>(
    given ? std::strtoul(given, nullptr, 10) : std::random_device{}());
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
  std::mt19937 random{seed};
  auto draw = [&](unsigned below) {
    return random() % below;
  };
  for (int i = 0; i < 2'000; ++i) {
    json base;
    for (const auto* column : {"a", "b", "c"})
      base[column] = draw(3);
    base["list"] = json::array({1, 2});
    auto one = base;
    auto other = base;
    for (auto* side : {&one, &other})
      for (const auto* column : {"a", "b", "c"})
        if (draw(2) == 0)
          (*side)[column] = draw(3);
    if (draw(2) == 0)
      one["list"].push_back(3);
    if (draw(2) == 0)
      other["list"].erase(other["list"].begin());
    auto outcome = [&](const json& ours, const json& theirs, bool later) {
      two_changes meeting{base.dump().c_str(), ours.dump().c_str(),
                          theirs.dump().c_str()};
      meeting.later = later;
      const auto decided = meeting.decide(arrays);
      return decided.applies
               ? json::parse(decided.merged.value_or(meeting.what.data))
               : theirs;
    };
    EXPECT_EQ(outcome(one, other, true).dump(),
              outcome(other, one, false).dump())
      << base << one << other;
  }
}

} // namespace
} // namespace lockstep

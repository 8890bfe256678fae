#include "messages/syncable.hpp"

#include "messages/models.hpp"

#include <gtest/gtest.h>

namespace host {

struct note {
  lockstep::record_id key;
  std::string text;
  bool pinned = false;
  double weight = 0;
  std::int8_t stars = 0;
  std::string window;
  lockstep::version_number revision;
};

LOCKSTEP_FIELDS(note, key, text, pinned, weight, stars, window)

} // namespace host

LOCKSTEP_SYNCABLE(host::note, "note", key, revision,
                  "CREATE TABLE IF NOT EXISTS note ("
                  "key TEXT PRIMARY KEY NOT NULL, text TEXT)",
                  "window")

namespace lockstep {
namespace {

static_assert(!syncable<int>);
static_assert(!syncable<std::string>);
static_assert(syncable<host::note>);

const record_id first{{0x01, 0x90, 0xab}};
const record_id second{{0x01, 0x90, 0xac}};

location photos() {
  location value;
  value.uuid = first;
  value.device_id = "11111111-2222-3333-4444-555555555555";
  value.entry_id = 1;
  value.name = "Photos";
  value.path = "/home/ada/Photos";
  value.last_scan_at = "2025-10-08T12:00:00Z";
  value.total_file_count = 1000;
  value.total_byte_size = 5'000'000;
  return value;
}

template <class T> std::string message_of(const expected<T>& result) {
  return result ? "no failure" : result.error().message;
}

TEST(syncable_test, a_record_comes_back_from_its_image) {
  EXPECT_EQ(from_image<location>(to_image(photos())), photos());
}

TEST(syncable_test, an_image_holds_the_fields_in_the_order_of_their_names) {
  EXPECT_EQ(to_image(tag{first, "blue", "#00f", version_number{3}}),
            R"({"color":"#00f","name":"blue",)"
            R"("uuid":"0190ab00-0000-0000-0000-000000000000"})");
}

TEST(syncable_test, excluded_fields_and_the_version_stay_here) {
  auto value = photos();
  value.scan_state = "paused";
  value.version = version_number{7};
  EXPECT_EQ(to_image(value), to_image(photos()));
  const auto image = nlohmann::json::parse(to_image(value));
  EXPECT_FALSE(image.contains("scan_state"));
  EXPECT_FALSE(image.contains("version"));
}

TEST(syncable_test, a_list_of_ids_travels_as_an_array) {
  const collection value{first, "best of", {second, first}, {}};
  const auto image = nlohmann::json::parse(to_image(value));
  EXPECT_EQ(image["entries"].size(), 2u);
  EXPECT_EQ(image["entries"][0], to_string(second));
  EXPECT_EQ(from_image<collection>(to_image(value)), value);
}

TEST(syncable_test, missing_null_and_unknown_fields_are_no_errors) {
  const auto value
    = from_image<location>(R"({"name":"x","index_mode":null,"later":[1]})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->name, "x");
  EXPECT_EQ(value->index_mode, "deep");
}

TEST(syncable_test, a_boolean_may_be_zero_or_one) {
  const auto value = from_image<host::note>(R"({"pinned":1,"weight":2})");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_TRUE(value->pinned);
  EXPECT_EQ(value->weight, 2.0);
}

TEST(syncable_test, what_is_no_object_is_refused_in_one_sentence) {
  for (const auto* text : {"", "{", "[1]", "17", "{\"name\": \"\xff\"}"})
    EXPECT_EQ(message_of(from_image<tag>(text)),
              "The data of a tag record is no JSON object.")
      << text;
}

TEST(syncable_test, a_wrong_type_is_refused_with_the_field_s_name) {
  EXPECT_EQ(message_of(from_image<location>(R"({"total_file_count":"many"})")),
            "Field total_file_count of a location record must be of type "
            "number.");
  EXPECT_EQ(message_of(from_image<location>(R"({"total_file_count":1.5})")),
            "Field total_file_count of a location record must be of type "
            "number.");
  EXPECT_EQ(message_of(from_image<collection>(R"({"entries":"none"})")),
            "Field entries of a collection record must be of type array.");
}

TEST(syncable_test, a_number_that_does_not_fit_is_refused) {
  EXPECT_EQ(message_of(from_image<host::note>(R"({"stars":300})")),
            "Field stars of a note record cannot hold 300.");
  EXPECT_EQ(message_of(from_image<location>(R"({"total_file_count":-1})")),
            "Field total_file_count of a location record cannot hold -1.");
}

TEST(syncable_test, an_id_that_is_none_is_refused) {
  EXPECT_EQ(message_of(from_image<tag>(R"({"uuid":"loc-uuid-123"})")),
            "The data of a tag record cannot be read: loc-uuid-123 is no "
            "UUID.");
  EXPECT_FALSE(from_image<collection>(R"({"entries":[17]})"));
}

TEST(syncable_test, text_that_is_no_utf8_still_makes_valid_json) {
  tag value{first, "caf\xe9", "", {}};
  EXPECT_TRUE(nlohmann::json::accept(to_image(value)));
}

TEST(syncable_test, a_change_names_model_record_and_image) {
  const tag value{first, "blue", "#00f", {}};
  const auto change = to_change(value, change_type::update);
  EXPECT_EQ(change.model, "tag");
  EXPECT_EQ(change.record, first);
  EXPECT_EQ(change.change, change_type::update);
  EXPECT_EQ(change.data, to_image(value));
  EXPECT_TRUE(to_change(value, change_type::remove).data.empty());
}

TEST(syncable_test, a_list_becomes_changes_in_its_order) {
  const std::vector<tag> values{{second, "b", "", {}}, {first, "a", "", {}}};
  const auto changes
    = to_changes(std::span<const tag>{values}, change_type::insert);
  ASSERT_TRUE(changes) << changes.error().message;
  ASSERT_EQ(changes->size(), 2u);
  EXPECT_EQ(changes->at(0).record, second);
  EXPECT_EQ(changes->at(1).record, first);
}

TEST(syncable_test, a_list_with_one_id_twice_is_refused) {
  const std::vector<tag> values{{first, "a", "", {}}, {first, "b", "", {}}};
  const auto changes
    = to_changes(std::span<const tag>{values}, change_type::insert);
  ASSERT_FALSE(changes);
  EXPECT_EQ(changes.error(),
            (failure{errc::invalid_argument,
                     "The list holds the tag record "
                     "0190ab00-0000-0000-0000-000000000000 twice."}));
}

TEST(syncable_test, an_empty_list_and_a_nil_id_are_refused) {
  EXPECT_EQ(message_of(to_changes(std::span<const tag>{}, change_type::insert)),
            "The list of tag records is empty.");
  const std::vector<tag> nil(1);
  EXPECT_EQ(
    message_of(to_changes(std::span<const tag>{nil}, change_type::insert)),
    "A tag record has no uuid.");
}

TEST(syncable_test, a_host_s_own_member_names_are_taken) {
  using traits = syncable_traits<host::note>;
  host::note value;
  value.key = first;
  traits::version(value) = version_number{4};
  EXPECT_EQ(value.revision, version_number{4});
  EXPECT_EQ(traits::id(value), first);
  EXPECT_EQ(traits::excluded(), std::vector<std::string_view>{"window"});
  EXPECT_FALSE(nlohmann::json::parse(to_image(value)).contains("window"));
}

} // namespace
} // namespace lockstep

#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

namespace lockstep {
namespace {

constexpr auto text = "01234567-89ab-cdef-0123-456789abcdef";

TEST(ids_test, an_id_is_printed_as_it_was_read) {
  const auto id = parse_id<record_id>(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), text);
  EXPECT_EQ(id->bytes.front(), 0x01);
  EXPECT_EQ(id->bytes.back(), 0xef);
}

TEST(ids_test, capitals_and_missing_dashes_are_read_too) {
  EXPECT_EQ(parse_id<record_id>("0123456789ABCDEF0123456789ABCDEF"),
            parse_id<record_id>(text));
}

TEST(ids_test, what_is_no_uuid_is_refused) {
  for (const auto* wrong :
       {"", "01234567", "01234567-89ab-cdef-0123-456789abcdeg",
        "0123456-789ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde",
        "01234567-89ab-cdef-0123-456789abcdef0",
        "01234567x89ab-cdef-0123-456789abcdef"})
    EXPECT_FALSE(parse_uuid(wrong)) << wrong;
}

TEST(ids_test, only_the_nil_id_is_nil) {
  EXPECT_TRUE(record_id{}.is_nil());
  EXPECT_FALSE(parse_id<record_id>(text)->is_nil());
}

TEST(ids_test, ids_differ_in_a_hash_table) {
  std::unordered_set<record_id> ids;
  for (std::uint8_t i = 0; i < 100; ++i)
    ids.insert(record_id{{i}});
  EXPECT_EQ(ids.size(), 100u);
  EXPECT_TRUE(ids.contains(record_id{{7}}));
}

TEST(ids_test, a_uuid_v7_carries_version_variant_and_all_random_bits) {
  const auto ones = ~std::uint64_t{0};
  EXPECT_EQ(to_string_uuid(make_uuid_v7(0x0123456789ab, 0, 0)),
            "01234567-89ab-7000-8000-000000000000");
  EXPECT_EQ(to_string_uuid(make_uuid_v7(0x0123456789ab, ones, ones)),
            "01234567-89ab-7fff-bfff-ffffffffffff");
}

TEST(ids_test, a_later_uuid_v7_is_greater_whatever_its_random_bits) {
  const auto ones = ~std::uint64_t{0};
  std::uint64_t at = 1;
  for (int i = 0; i < 40; ++i, at *= 2)
    EXPECT_LT(make_uuid_v7(at, ones, ones), make_uuid_v7(at + 1, 0, 0));
}

TEST(numbers_test, zero_is_none_and_subtraction_stops_there) {
  EXPECT_FALSE(sequence_number{});
  EXPECT_TRUE(sequence_number{1});
  EXPECT_EQ(sequence_number{5} - 2, sequence_number{3});
  EXPECT_EQ(sequence_number{5} - 9, sequence_number{});
}

TEST(numbers_test, numbers_count_and_compare) {
  sequence_number number{9};
  EXPECT_EQ(++number, sequence_number{10});
  EXPECT_EQ(number + 5, sequence_number{15});
  EXPECT_LT(sequence_number{9}, number);
  EXPECT_EQ(to_string(number), "10");
}

} // namespace
} // namespace lockstep

#include "protocol/operation_reference.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

device_id device(std::uint8_t number) {
  device_id id;
  id.bytes[0] = number;
  return id;
}

constexpr device_sequence_number seven{7};

TEST(operation_reference, is_the_number_where_the_writer_made_it) {
  operation what;
  what.device = device(1);
  what.base_operation = reference_to(device(1), seven, device(1));
  EXPECT_EQ(what.base_operation, seven);
  EXPECT_TRUE(is_built_on(what, device(1), seven));
  EXPECT_FALSE(is_built_on(what, device(2), seven));
  EXPECT_FALSE(is_built_on(what, device(1), seven + 1));
}

TEST(operation_reference, is_a_mark_where_another_device_made_it) {
  operation what;
  what.device = device(1);
  what.base_operation = reference_to(device(2), seven, device(1));
  EXPECT_TRUE(is_mark(what.base_operation));
  EXPECT_TRUE(is_built_on(what, device(2), seven));
  EXPECT_FALSE(is_built_on(what, device(1), seven));
  EXPECT_FALSE(is_built_on(what, device(3), seven));
  // SQLite keeps it.
  EXPECT_GT(static_cast<std::int64_t>(what.base_operation.value), 0);
}

TEST(operation_reference, tells_what_an_operation_was_merged_into) {
  const auto one = mark_of_merged(device(2), seven, "one");
  EXPECT_TRUE(is_mark(one));
  EXPECT_EQ(one, mark_of_merged(device(2), seven, "one"));
  EXPECT_NE(one, mark_of_merged(device(2), seven, "two"));
  EXPECT_NE(one, mark_of_merged(device(3), seven, "one"));
  EXPECT_NE(one, mark_of(device(2), seven));
}

TEST(operation_reference, names_nothing_by_itself) {
  const operation what;
  EXPECT_FALSE(is_built_on(what, what.device, what.device_sequence));
  EXPECT_FALSE(reference_to(device(2), {}, device(1)));
}

} // namespace
} // namespace lockstep

#include "messages/index.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace lockstep {
namespace {

bulk_operation first_index() {
  return {"InitialIndex",
          record_id{{7}},
          "/home/ada/Photos",
          1'000'000,
          {"same folder name", "142 GB"}};
}

TEST(bulk_operation_test, comes_back_from_its_image) {
  EXPECT_EQ(bulk_operation_from_image(to_image(first_index())), first_index());
}

TEST(bulk_operation_test, its_size_does_not_grow_with_the_count) {
  auto what = first_index();
  what.count = std::numeric_limits<std::uint64_t>::max();
  EXPECT_LT(to_image(what).size(), to_image(first_index()).size() + 20);
}

TEST(bulk_operation_test, hints_that_do_not_fit_are_left_out) {
  auto what = first_index();
  what.hints.insert(what.hints.begin(), std::string(20'000, 'x'));
  what.hints.resize(1'000, "more");
  const auto image = to_image(what);
  EXPECT_LE(image.size(), bulk_image_limit);
  const auto read = bulk_operation_from_image(image);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->hints.size(), bulk_hint_limit);
  EXPECT_EQ(read->hints.front(), "same folder name");
  EXPECT_EQ(read->path, what.path);
}

TEST(bulk_operation_test, stays_small_whatever_its_path) {
  auto what = first_index();
  what.path.assign(4'000, '\x01');
  EXPECT_LE(to_image(what).size(), bulk_image_limit);
  what.path.assign(6'000, '\xff');
  EXPECT_LE(to_image(what).size(), bulk_image_limit);
  EXPECT_TRUE(bulk_operation_from_image(to_image(what)));
}

TEST(bulk_operation_test, what_is_none_is_refused) {
  for (const auto* text : {"", "[]", R"({"count":"many"})", R"({"hints":[1]})",
                           R"({"location":"here"})"}) {
    const auto read = bulk_operation_from_image(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, errc::invalid_argument) << text;
  }
}

} // namespace
} // namespace lockstep

#include "apps/embedded/merging.hpp"

#include "apps/embedded/node.hpp"

#include <gtest/gtest.h>

#include <algorithm>

struct counted {
  lockstep::record_id uuid;
  std::string name;
  int count = 0;
  lockstep::version_number version;
};
LOCKSTEP_FIELDS(counted, uuid, name, count)
LOCKSTEP_SYNCABLE(counted, "counted", uuid, version, R"sql(
  CREATE TABLE IF NOT EXISTS counted(
    uuid TEXT PRIMARY KEY NOT NULL, name TEXT, count INTEGER))sql")

namespace lockstep {
namespace {

using json = nlohmann::json;

/// Adds what each added; two that made one anew keep the higher count.
std::optional<counted> add(const counted* base, const counted& newest,
                           const counted& operation) {
  if (operation.count < 0)
    return std::nullopt;
  auto merged = newest;
  merged.count = base == nullptr ? std::max(newest.count, operation.count)
                                 : newest.count + operation.count - base->count;
  return merged;
}

std::string image(int count, const char* more = "") {
  return R"({"count":)" + std::to_string(count) + R"(,"name":"x")" + more
         + R"(,"uuid":"0197d9a2-6f00-7000-8000-000000000001"})";
}

std::optional<std::string> merged(const concurrent_images& images) {
  node_options options;
  options.merges.insert(merge_with<counted>(add));
  return options.merges.at("counted")(images);
}

TEST(merge_with, gives_the_host_values_instead_of_images) {
  EXPECT_EQ(json::parse(*merged({image(1), image(3), image(6)})),
            json::parse(image(8)));
}

TEST(merge_with, has_no_base_for_a_record_that_is_new_on_both_sides) {
  EXPECT_EQ(json::parse(*merged({"{}", image(3), image(6)}))["count"], 6);
  EXPECT_EQ(json::parse(*merged({std::nullopt, image(3), image(6)}))["count"],
            6);
}

TEST(merge_with, keeps_fields_that_the_type_does_not_have) {
  const auto given
    = merged({image(1), image(3, R"(,"colour":"red")"), image(6)});
  EXPECT_EQ(json::parse(*given)["colour"], "red");
}

TEST(merge_with, leaves_to_the_last_writer_what_it_cannot_read_or_say) {
  EXPECT_FALSE(merged({image(1), R"({"count":"many"})", image(6)}));
  EXPECT_FALSE(merged({image(1), image(3), image(-1)}));
}

} // namespace
} // namespace lockstep

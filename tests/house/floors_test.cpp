#include "tests/house/floors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::house {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

complaints including(const std::string& path, const std::string& header) {
  return check_includes({path, "#include " + header + "\n"});
}

source_file lines_of(const std::string& path, std::size_t count) {
  source_file file{path, {}};
  for (std::size_t i = 0; i < count; ++i)
    file.text += "int x;\n";
  return file;
}

complaints all_complaints(complaints (*check)(const source_file&)) {
  complaints all;
  for (const auto& file : read_sources(LOCKSTEP_SOURCE_DIR))
    for (auto& complaint : check(file))
      all.push_back(std::move(complaint));
  return all;
}

TEST(house, finds_the_source_files) {
  auto sources = read_sources(LOCKSTEP_SOURCE_DIR);
  EXPECT_GT(sources.size(), 20u);
  EXPECT_THAT(sources,
              testing::Contains(testing::Field(
                &source_file::path, std::string{"messages/errors.hpp"})));
}

TEST(house, every_include_goes_down) {
  EXPECT_THAT(all_complaints(check_includes), IsEmpty());
}

TEST(house, no_file_is_too_long) {
  EXPECT_THAT(all_complaints(check_length), IsEmpty());
}

TEST(house_checker, accepts_includes_from_below_and_from_outside) {
  EXPECT_THAT(including("actors/library.cpp", "\"persistence/a.hpp\""),
              IsEmpty());
  EXPECT_THAT(including("persistence/a.cpp", "\"persistence/b.hpp\""),
              IsEmpty());
  EXPECT_THAT(including("persistence/a.cpp", "<SQLiteCpp/Database.h>"),
              IsEmpty());
  EXPECT_THAT(including("transport/wire.cpp", "\"wire.pb.h\""), IsEmpty());
  EXPECT_THAT(including("tests/apps/a_test.cpp", "\"apps/a.hpp\""), IsEmpty());
}

TEST(house_checker, refuses_an_include_from_above) {
  EXPECT_THAT(including("messages/ids.cpp", "\"config/settings.hpp\""),
              ElementsAre("messages/ids.cpp:1: includes upwards: "
                          "config/settings.hpp"));
  EXPECT_THAT(including("persistence/a.hpp", "  <actors/library.hpp>"),
              ElementsAre(HasSubstr("upwards")));
}

TEST(house_checker, refuses_an_include_from_beside) {
  EXPECT_THAT(including("persistence/a.cpp", "\"transport/frame.hpp\""),
              ElementsAre(HasSubstr("sideways")));
  EXPECT_THAT(including("transport/a.cpp", "\"persistence/b.hpp\""),
              ElementsAre(HasSubstr("sideways")));
}

TEST(house_checker, refuses_a_relative_include_and_one_of_a_test) {
  EXPECT_THAT(including("config/a.cpp", "\"../messages/ids.hpp\""),
              ElementsAre(HasSubstr("top of the tree")));
  EXPECT_THAT(including("config/a.cpp", "\"tests/config/a.hpp\""),
              ElementsAre(HasSubstr("a test")));
}

TEST(house_checker, keeps_protocol_pure) {
  for (const std::string header :
       {"<caf/actor.hpp>", "<SQLiteCpp/Database.h>", "<spdlog/spdlog.h>",
        "<sqlite3.h>", "<thread>", "<mutex>", "<atomic>"}) {
    EXPECT_THAT(including("protocol/a.cpp", header),
                ElementsAre(HasSubstr("pure")))
      << header;
  }
  EXPECT_THAT(including("protocol/a.cpp", "<atomic_queue>"), IsEmpty());
}

TEST(house_checker, leaves_all_of_caf_to_the_tests) {
  EXPECT_THAT(including("actors/a.cpp", "<caf/all.hpp>"),
              ElementsAre(HasSubstr("caf/all.hpp")));
  EXPECT_THAT(including("tests/actors/a.cpp", "<caf/all.hpp>"), IsEmpty());
}

TEST(house_checker, names_the_line) {
  EXPECT_THAT(
    check_includes({"config/a.cpp", "// a\n\n#include \"apps/a.hpp\"\n"}),
    ElementsAre("config/a.cpp:3: includes upwards: apps/a.hpp"));
}

TEST(house_checker, limits_the_length) {
  EXPECT_THAT(check_length(lines_of("actors/a.cpp", 400)), IsEmpty());
  EXPECT_THAT(check_length(lines_of("actors/a.cpp", 401)),
              ElementsAre(HasSubstr("more than 400 lines")));
  EXPECT_THAT(check_length(lines_of("tests/a.cpp", 600)), IsEmpty());
  EXPECT_THAT(check_length(lines_of("tests/a.cpp", 601)),
              ElementsAre(HasSubstr("more than 600 lines")));
}

} // namespace
} // namespace lockstep::house

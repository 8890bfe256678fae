#include "apps/cli/distant_command.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lockstep::cli {
namespace {

TEST(distant_command, arrives_as_it_was_sent) {
  const distant_command sent{
    {"log", "notes", "--since", "3", "", "Ünïcode \"'\\\n"},
    "/some/folder",
    true,
    false};
  EXPECT_EQ(parse_distant_command(to_text(sent)).value(), sent);
  EXPECT_EQ(parse_distant_command(to_text({})).value(), distant_command{});
}

TEST(distant_command, needs_only_arguments) {
  const distant_command expected{{"status"}, {}, false, false};
  EXPECT_EQ(
    parse_distant_command(R"({"arguments":["status"],"more":1})").value(),
    expected);
}

TEST(distant_command, is_nothing_else) {
  for (const auto* text :
       {"", "[]", "null", "1", "{}", "{", "{\"arguments\":1}",
        "{\"arguments\":{}}", "{\"arguments\":[1]}", "{\"arguments\":[[]]}",
        "{\"arguments\":[],\"folder\":1}", "{\"arguments\":[],\"terminals\":1}",
        "{\"arguments\":[],\"terminals\":{\"answers\":1}}"})
    EXPECT_EQ(parse_distant_command(text).error().code, errc::invalid_argument)
      << text;
}

TEST(distant_command, takes_any_bytes) {
  std::mt19937 random{7};
  const auto whole = to_text({{"status", "notes"}, "/folder", true, true});
  for (int i = 0; i < 20'000; ++i) {
    auto text = whole;
    for (auto changes = random() % 4 + 1; changes > 0; --changes)
      text[random() % text.size()] = static_cast<char>(random());
    if (i % 4 == 0)
      text.resize(random() % (text.size() + 1));
    if (const auto found = parse_distant_command(text)) {
      EXPECT_EQ(parse_distant_command(to_text(*found)).value(), *found);
    }
  }
}

} // namespace
} // namespace lockstep::cli

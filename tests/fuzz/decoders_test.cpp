#include "tests/fuzz/decoders.hpp"

#include "tests/fuzz/mutations.hpp"
#include "tests/fuzz/real_inputs.hpp"
#include "transport/codec.hpp"
#include "transport/link_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <set>
#include <sstream>

namespace lockstep {
namespace {

// LOCKSTEP_SEED in the environment replays a run.
std::uint64_t seed() {
  const char* given = std::getenv("LOCKSTEP_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20'261'126;
}

/// The kept corpus of a decoder, in the order of the files' names.
std::vector<bytes> kept(std::string_view decoder) {
  std::set<std::filesystem::path> files;
  for (const auto& one : std::filesystem::directory_iterator{
         std::filesystem::path{LOCKSTEP_CORPUS} / decoder})
    files.insert(one.path());
  std::vector<bytes> list;
  for (const auto& file : files) {
    std::ifstream content{file, std::ios::binary};
    list.emplace_back(std::istreambuf_iterator<char>{content},
                      std::istreambuf_iterator<char>{});
  }
  return list;
}

std::string in_hexadecimal(const bytes& what) {
  std::ostringstream text;
  text << std::hex << std::setfill('0');
  for (const auto byte : what)
    text << std::setw(2) << static_cast<unsigned>(byte);
  return text.str();
}

class decoders_test : public testing::TestWithParam<decoder> {};

TEST_P(decoders_test, takes_the_kept_corpus) {
  const auto inputs = kept(GetParam().name);
  EXPECT_FALSE(inputs.empty());
  for (const auto& input : inputs)
    EXPECT_NO_THROW(GetParam().check(input)) << in_hexadecimal(input);
}

TEST_P(decoders_test, takes_what_is_almost_right) {
  constexpr int rounds = 60'000;
  const auto inputs = kept(GetParam().name);
  ASSERT_FALSE(inputs.empty());
  const auto start = seed();
  SCOPED_TRACE("seed " + std::to_string(start));
  mutations almost{start};
  for (int i = 0; i < rounds; ++i) {
    const auto input = almost.make(inputs);
    ASSERT_NO_THROW(GetParam().check(input)) << in_hexadecimal(input);
  }
}

INSTANTIATE_TEST_SUITE_P(
  all, decoders_test, testing::ValuesIn(decoders().begin(), decoders().end()),
  [](const auto& what) { return std::string{what.param.name}; });

TEST(corpus, holds_every_kind_of_message) {
  std::set<std::size_t> kinds;
  for (const auto& input : kept("message"))
    if (const auto decoded = decode(input))
      kinds.insert(decoded->message.index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<peer_message>);
  kinds.clear();
  for (const auto& input : kept("link"))
    if (const auto decoded = decode_link(input))
      kinds.insert(decoded->index());
  EXPECT_EQ(kinds.size(), std::variant_size_v<link_message>);
}

TEST(corpus, holds_what_devices_send_now) {
  for (const auto& [name, content] : real_inputs()) {
    const auto list = kept(name.substr(0, name.find('/')));
    EXPECT_TRUE(std::find(list.begin(), list.end(), content) != list.end())
      << name << " is missing or old; run make_corpus tests/fuzz/corpus";
  }
}

} // namespace
} // namespace lockstep

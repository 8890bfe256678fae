#include "config/settings_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <utility>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Converts to any member, to count an aggregate's members.
struct anything {
  template <class T> operator T() const;
};

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires {
    T{(static_cast<void>(I), anything{})...};
  };
}

template <class T, std::size_t N = 0> constexpr std::size_t member_count() {
  if constexpr (takes<T>(std::make_index_sequence<N + 1>{}))
    return member_count<T, N + 1>();
  else
    return N;
}

std::string message_of(const expected<void>& result) {
  return result ? "" : result.error().message;
}

std::string set_error(std::string_view key, std::string_view value) {
  settings all;
  return message_of(set(all, key, value));
}

std::string ini_error(std::string_view text) {
  auto read = read_ini(text);
  return read ? "" : read.error().message;
}

TEST(settings, every_field_has_a_name) {
  static_assert(member_count<settings>() == 9, "a new concern: add it below");
  EXPECT_EQ(
    settings_list({}).size(),
    member_count<leadership_settings>() + member_count<replication_settings>()
      + member_count<log_settings>() + member_count<library_settings>()
      + member_count<event_settings>() + member_count<index_settings>()
      + member_count<network_settings>() + member_count<vacuum_settings>()
      + member_count<member_settings>());
}

TEST(settings, each_name_reaches_its_own_field) {
  // Sets one setting at a time to a value that is nobody's default.
  for (const auto& [key, value] : settings_list({})) {
    auto is_number
      = value.find_first_not_of("-0123456789") == std::string::npos;
    std::string wanted = is_number ? "123" : "123s";
    if (value == "available")
      wanted = "quorum";
    if (value == "no")
      wanted = "yes";
    settings changed;
    ASSERT_TRUE(set(changed, key, wanted)) << key;
    auto before = settings_list({});
    auto after = settings_list(changed);
    for (std::size_t i = 0; i < before.size(); ++i)
      EXPECT_EQ(after[i].second,
                before[i].first == key ? wanted : before[i].second)
        << key << " and " << before[i].first;
  }
}

TEST(settings, defaults_are_valid) {
  EXPECT_EQ(message_of(validate({})), "");
}

TEST(settings, sets_durations_and_numbers) {
  settings all;
  ASSERT_TRUE(set(all, "leadership.heartbeat", "200ms"));
  EXPECT_EQ(all.leadership.heartbeat, 200ms);
  ASSERT_TRUE(set(all, "leadership.priority", "-1"));
  EXPECT_EQ(all.leadership.priority, -1);
  ASSERT_TRUE(set(all, "library.queue_limit", "5000000000"));
  EXPECT_EQ(all.library.queue_limit, 5'000'000'000u);
}

TEST(settings, sets_words_and_refuses_others) {
  settings all;
  EXPECT_EQ(all.leadership.consistency, consistency::available);
  ASSERT_TRUE(set(all, "leadership.consistency", "quorum"));
  EXPECT_EQ(all.leadership.consistency, consistency::quorum);
  EXPECT_EQ(set_error("leadership.consistency", "most"),
            "leadership.consistency cannot be 'most': write available or"
            " quorum.");
  EXPECT_NE(set_error("leadership.consistency", "1"), "");
  EXPECT_NE(set_error("leadership.consistency", ""), "");
  ASSERT_TRUE(set(all, "leadership.consistency", "available"));
  EXPECT_EQ(settings_list(all), settings_list({}));
}

TEST(settings, validate_refuses_a_word_that_there_is_not) {
  settings all;
  all.leadership.consistency = static_cast<consistency>(2);
  EXPECT_THAT(message_of(validate(all)), HasSubstr("leadership.consistency"));
}

TEST(settings, unknown_key_names_the_nearest) {
  EXPECT_THAT(set_error("leadership.hartbeat", "1s"),
              HasSubstr("leadership.heartbeat"));
  EXPECT_THAT(set_error("fetch_limit", "1"),
              HasSubstr("replication.fetch_limit"));
}

TEST(settings, refuses_the_wrong_type) {
  EXPECT_THAT(set_error("leadership.heartbeat", "30"),
              HasSubstr("leadership.heartbeat cannot be '30'"));
  EXPECT_NE(set_error("replication.fetch_limit", "30s"), "");
  EXPECT_NE(set_error("replication.fetch_limit", "many"), "");
  EXPECT_NE(set_error("replication.fetch_limit", "1.5"), "");
  EXPECT_NE(set_error("replication.fetch_limit", ""), "");
  EXPECT_NE(set_error("leadership.heartbeat", "-1s"), "");
}

TEST(settings, refuses_what_is_out_of_range_and_changes_nothing) {
  settings all;
  EXPECT_THAT(message_of(set(all, "replication.fetch_limit", "0")),
              HasSubstr("the least is 1"));
  EXPECT_THAT(message_of(set(all, "replication.fetch_limit", "4294967296")),
              HasSubstr("the most is 4294967295"));
  EXPECT_FALSE(set(all, "library.queue_limit", "99999999999999999999"));
  EXPECT_FALSE(set(all, "leadership.heartbeat", "0s"));
  EXPECT_EQ(settings_list(all), settings_list({}));
}

TEST(settings, durations_round_trip) {
  for (auto text : {"1ns", "7us", "200ms", "30s", "10m", "36h", "30d", "0s"}) {
    auto read = parse_duration(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(to_text(*read), text);
  }
  EXPECT_EQ(to_text(90s), "90s");
  EXPECT_EQ(to_text(24h), "1d");
  for (auto text : {"", "s", "5", "5 s", "5weeks", "1.5s", "200000d",
                    "9223372036854775808ns"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(settings, reads_an_ini_file) {
  auto read = read_ini("# a comment\r\n"
                       "[leadership]\r\n"
                       "heartbeat = 10s\n"
                       "  priority=-1  \n"
                       "\n"
                       "; another\n"
                       "[ index ]\n"
                       "batch = 10");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->leadership.heartbeat, 10s);
  EXPECT_EQ(read->leadership.priority, -1);
  EXPECT_EQ(read->index.batch, 10u);
  EXPECT_EQ(read->replication.fetch_limit, 100u);
}

TEST(settings, an_empty_ini_file_says_nothing) {
  auto read = read_ini("");
  ASSERT_TRUE(read);
  EXPECT_EQ(settings_list(*read), settings_list({}));
}

TEST(settings, ini_errors_name_their_line) {
  EXPECT_THAT(ini_error("[leadership]\nheartbeat = soon\n"),
              HasSubstr("line 2: leadership.heartbeat"));
  EXPECT_THAT(ini_error("[leadership]\n\nhartbeat = 1s\n"),
              HasSubstr("line 3: There is no setting 'leadership.hartbeat'"));
  EXPECT_THAT(ini_error("[leader]\n"), HasSubstr("line 1"));
  EXPECT_THAT(ini_error("[leadership\n"), HasSubstr("line 1"));
  EXPECT_THAT(ini_error("heartbeat = 1s\n"),
              HasSubstr("before the first [section]"));
  EXPECT_THAT(ini_error("[leadership]\nheartbeat\n"), HasSubstr("line 2"));
  EXPECT_THAT(ini_error("[index]\nbatch = 1\nbatch = 2\n"),
              HasSubstr("line 3: index.batch is set twice"));
}

TEST(settings, lease_must_outlast_the_timeout_and_that_the_heartbeat) {
  settings all;
  all.leadership.heartbeat = all.leadership.timeout;
  EXPECT_THAT(message_of(validate(all)),
              HasSubstr("leadership.heartbeat (1m) must be below "
                        "leadership.timeout (1m)"));
  all = {};
  all.leadership.lease = all.leadership.timeout;
  EXPECT_EQ(message_of(validate(all)), "");
  all.leadership.lease -= 1s;
  EXPECT_THAT(message_of(validate(all)), HasSubstr("leadership.lease (59s)"));
}

TEST(settings, no_fetch_passes_what_the_log_serves) {
  settings all;
  all.replication.catch_up_limit = all.log.fetch_most + 1;
  EXPECT_THAT(message_of(validate(all)), HasSubstr("log.fetch_most"));
}

TEST(settings, validate_checks_each_range_too) {
  settings all;
  all.library.group_limit = 0;
  EXPECT_THAT(message_of(validate(all)), HasSubstr("library.group_limit"));
}

} // namespace
} // namespace lockstep

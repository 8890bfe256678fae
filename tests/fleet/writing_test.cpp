#include "tests/support/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class written_library : public fleet {
public:
  written_library() {
    share({"anna", "bert"});
  }

  record_change note(std::string text) {
    return {"note", make_id(), change_type::insert,
            R"({"text":")" + text + R"("})"};
  }

  expected<receipt> log(const std::string& name,
                        std::vector<record_change> list) {
    return ask<receipt>(at(name).shared.library, log_changes{std::move(list)});
  }

  sequence_number head(const std::string& name) {
    return status(name).head.position.sequence;
  }
};

TEST_F(written_library, leader_logs_changes_of_records_kept_elsewhere) {
  const auto before = head("anna");
  const auto logged = log("anna", {note("one"), note("two")});
  ASSERT_TRUE(logged) << logged.error().message;
  EXPECT_EQ(logged->sequence, before + 2);
  EXPECT_EQ(settle(), "");
  const auto last = fleet::log("bert").back();
  EXPECT_EQ(last.model, "note");
  EXPECT_EQ(last.data, R"({"text":"two"})");
}

TEST_F(written_library, follower_may_not_log_and_is_told_who_leads) {
  const auto logged = log("bert", {note("one")});
  ASSERT_FALSE(logged);
  EXPECT_EQ(logged.error().code, errc::not_leader);
  EXPECT_THAT(logged.error().message, HasSubstr(to_string(at("anna").id)));
  EXPECT_THAT(logged.error().message, HasSubstr("2026-01-01T"));
}

TEST_F(written_library, follower_may_commit_the_same) {
  ASSERT_TRUE(commit("bert", {note("one")}, receipt_state::sequenced));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(fleet::log("anna").back().device, at("bert").id);
}

TEST_F(written_library, refused_writes_change_nothing) {
  const auto before = head("anna");
  const auto id = make_id();
  const std::vector<std::pair<std::vector<transaction_step>, errc>> cases{
    {{}, errc::invalid_argument},
    {{record_change{"note", id, change_type::insert, "{"}},
     errc::invalid_argument},
    {{record_change{"tag", id, change_type::insert, "[]"}},
     errc::invalid_argument},
    {{record_change{"tag", id, change_type::insert, R"({"name":"x"})"},
      record_change{"tag", id, change_type::insert, R"({"name":"y"})"}},
     errc::already_exists},
    {{record_change{"tag", id, change_type::insert, R"({"name":"x"})"},
      sql_statement{"INSERT INTO nowhere VALUES(1)", {}}},
     errc::invalid_argument},
    {{sql_statement{"BEGIN", {}}}, errc::invalid_argument},
    {{sql_statement{"DELETE FROM lockstep_pending", {}}},
     errc::invalid_argument},
    {{sql_statement{"INSERT INTO tag(uuid) VALUES('nameless')", {}}},
     errc::constraint},
  };
  for (const auto& name : {"anna", "bert"}) {
    for (const auto& [steps, code] : cases) {
      const auto written = commit(name, steps);
      ASSERT_FALSE(written);
      EXPECT_EQ(written.error().code, code) << written.error().message;
      EXPECT_FALSE(written.error().message.empty());
    }
    EXPECT_EQ(status(name).pending, 0U);
    EXPECT_FALSE(load<tag>(name, id));
  }
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(head("anna"), before);
}

TEST_F(written_library, one_failed_write_leaves_its_neighbours_alone) {
  std::vector<std::shared_ptr<std::optional<expected<receipt>>>> answers;
  std::vector<tag> tags;
  for (int i = 0; i < 5; ++i) {
    tags.push_back({make_id(), "tag " + std::to_string(i), "", {}});
    auto change = to_change(tags.back(), change_type::insert);
    if (i == 2)
      change.data = "no JSON";
    answers.push_back(
      request<receipt>(at("anna").shared.library,
                       commit_transaction{{change}, receipt_state::sequenced}));
  }
  run();
  for (int i = 0; i < 5; ++i) {
    const auto at_i = static_cast<std::size_t>(i);
    ASSERT_TRUE(answers[at_i]->has_value());
    EXPECT_EQ((*answers[at_i])->has_value(), i != 2);
    EXPECT_EQ(load<tag>("bert", tags[at_i].uuid).has_value(), i != 2);
  }
}

TEST_F(written_library, transaction_arrives_whole) {
  std::vector<transaction_step> steps;
  for (int i = 0; i < 500; ++i)
    steps.push_back(to_change(tag{make_id(), std::to_string(i), "", {}},
                              change_type::insert));
  ASSERT_TRUE(commit("bert", steps, receipt_state::sequenced));
  EXPECT_EQ(settle(), "");
  const auto list = fleet::log("anna");
  const auto end = list.back().transaction_end;
  EXPECT_EQ(std::count_if(
              list.begin(), list.end(),
              [&](const entry& what) { return what.transaction_end == end; }),
            500);
}

TEST_F(written_library, million_files_are_one_small_entry) {
  const auto before = head("anna");
  bulk_operation what;
  what.location = make_id();
  what.path = "/photos";
  what.count = 1'000'000;
  const record_change change{std::string{bulk_model}, make_id(),
                             change_type::bulk, to_image(what)};
  ASSERT_TRUE(commit("anna", {change}, receipt_state::sequenced));
  EXPECT_EQ(head("anna"), before + 1);
  const auto last = fleet::log("anna").back();
  EXPECT_EQ(last.model, "bulk_operation");
  EXPECT_LT(last.data.size(), 10'000U);
}

TEST_F(written_library, numbers_go_on_after_restart) {
  ASSERT_TRUE(put("anna", tag{make_id(), "one", "", {}}));
  const auto before = fleet::log("anna").back();
  crash("anna");
  start("anna");
  reopen("anna");
  ASSERT_TRUE(
    put("anna", tag{make_id(), "two", "", {}}, receipt_state::sequenced));
  const auto after = fleet::log("anna").back();
  EXPECT_EQ(after.sequence, before.sequence + 1);
  EXPECT_EQ(after.device_sequence, before.device_sequence + 1);
}

TEST_F(written_library, library_whose_actor_failed_is_opened_again) {
  const auto sky = tag{make_id(), "sky", "", {}};
  ASSERT_TRUE(put("anna", sky));
  kill(at("anna").shared.library);
  at("anna").shared = {};
  advance(5s);
  reopen("anna");
  EXPECT_EQ(load<tag>("anna", sky.uuid), sky);
  ASSERT_TRUE(put("anna", tag{make_id(), "sea", "", {}}));
  advance(2min);
  EXPECT_EQ(settle(), "");
}

TEST_F(written_library, leadership_moves_on_request) {
  auto asked = ask<leadership_view>(at("anna").shared.leadership,
                                    transfer_leadership{at("bert").id});
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(leader(), "bert");
  ASSERT_TRUE(
    put("anna", tag{make_id(), "sky", "", {}}, receipt_state::sequenced));
  EXPECT_EQ(settle(), "");
}

TEST_F(written_library, request_for_leadership_is_refused_by_a_live_leader) {
  const auto asked
    = ask<leadership_view>(at("bert").shared.leadership, request_leadership{});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, errc::not_leader);
}

} // namespace
} // namespace lockstep

#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

/// A device whose files are older than what it has told others, or gone.
class forgotten_state : public fleet {
public:
  forgotten_state() {
    share({"anna", "bert", "carl"});
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(write("bert", "before"));
    EXPECT_EQ(settle(), "");
  }

  /// A record of a model without a table.
  transaction_step memo(const std::string& text) {
    return record_change{"memo", make_id(), change_type::insert,
                         R"({"text": ")" + text + R"("})"};
  }

  expected<receipt> write(const std::string& name, const std::string& text) {
    return commit(name, {memo(text)});
  }

  /// How often each text is in a device's log.
  std::map<std::string, int> texts_in_log(const std::string& name) {
    std::map<std::string, int> found;
    for (const auto& what : log(name))
      if (what.model == "memo")
        ++found[what.data];
    return found;
  }

  /// Three changes that nobody has heard of yet.
  void write_apart() {
    set_online("bert", false);
    for (const auto* text : {"apart 1", "apart 2", "apart 3"})
      ASSERT_TRUE(write("bert", text));
  }

  void expect_all_is_there() {
    set_online("bert", true);
    if (!joined_again_.empty())
      use_models(joined_again_);
    EXPECT_EQ(settle(), "");
    for (const auto* name : {"anna", "bert", "carl"})
      EXPECT_EQ(texts_in_log(name),
                (std::map<std::string, int>{{R"({"text": "apart 1"})", 1},
                                            {R"({"text": "apart 2"})", 1},
                                            {R"({"text": "apart 3"})", 1},
                                            {R"({"text": "before"})", 3}}))
        << name;
  }

  void join_again(const std::string& name,
                  const std::string& through = "anna") {
    auto& who = at(name);
    const auto id = who.shared.id;
    who.shared = {};
    ASSERT_TRUE(ask<done>(who.node, delete_library{id, false}));
    set_online(name, false);
    auto joined = ask<library_handles>(
      who.node, join_library{id, "photos", at("anna").id, at(through).id});
    ASSERT_TRUE(joined) << joined.error().message;
    who.shared = *joined;
    joined_again_ = name;
  }

  /// Its tables are tracked once the log is there.
  std::string joined_again_;
};

TEST_F(forgotten_state, of_one_that_joins_again_takes_nothing_of_its_new_work) {
  join_again("bert");
  write_apart();
  expect_all_is_there();
}

TEST_F(forgotten_state, of_one_that_joins_again_loses_no_old_work) {
  set_online("carl", false);
  for (const auto* text : {"old 1", "old 2", "old 3"})
    ASSERT_TRUE(write("bert", text));
  advance(std::chrono::minutes{1});
  ASSERT_EQ(texts_in_log("anna").size(), 4U);
  // Of this, only anna is left to tell, under an older ballot.
  set_online("anna", false);
  join_again("bert", "carl");
  set_online("carl", true);
  advance(std::chrono::minutes{5});
  set_online("bert", true);
  use_models("bert");
  for (const auto* text : {"new 1", "new 2", "new 3"})
    ASSERT_TRUE(write("bert", text));
  advance(std::chrono::minutes{1});
  set_online("anna", true);
  EXPECT_EQ(settle(), "");
  for (const auto* name : {"anna", "bert", "carl"}) {
    auto found = texts_in_log(name);
    EXPECT_EQ(found.size(), 7U) << name;
    for (const auto* text : {"old 1", "old 2", "old 3", "new 1", "new 2"})
      EXPECT_EQ(found[std::string{R"({"text": ")"} + text + R"("})"], 1)
        << name << " " << text;
  }
}

TEST_F(forgotten_state, of_lost_tables_takes_nothing_of_its_new_work) {
  lose_tables("bert");
  write_apart();
  expect_all_is_there();
}

TEST_F(forgotten_state, does_not_answer_for_what_has_the_same_number) {
  join_again("bert");
  set_online("bert", false);
  const auto waits = request<receipt>(
    at("bert").shared.library,
    commit_transaction{{memo("apart"), memo("too")}, receipt_state::sequenced});
  run();
  ASSERT_FALSE(waits->has_value());
  set_online("bert", true);
  use_models("bert");
  EXPECT_EQ(settle(), "");
  ASSERT_TRUE(waits->has_value());
  ASSERT_TRUE(**waits) << (**waits).error().message;
  const auto& said = ***waits;
  const auto list = log("anna");
  const auto found
    = std::find_if(list.begin(), list.end(), [](const entry& what) {
        return what.data == R"({"text": "too"})";
      });
  ASSERT_NE(found, list.end());
  EXPECT_EQ(said.last, found->device_sequence);
  EXPECT_EQ(said.sequence, found->sequence);
}

TEST_F(forgotten_state, of_itself_keeps_nobody_from_leading) {
  close("anna");
  close("carl");
  close("bert");
  // As after a repair of a log that said it only further on.
  {
    SQLite::Database file{database_of("anna").string(), SQLite::OPEN_READWRITE};
    SQLite::Statement forget{file, "DELETE FROM lockstep_record WHERE model ="
                                   " 'lockstep.member' AND record_id = ?"};
    forget.bindNoCopy(1, at("anna").id.bytes.data(), 16);
    ASSERT_EQ(forget.exec(), 1);
  }
  start("anna");
  reopen("anna");
  ASSERT_TRUE(write("anna", "alone"));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(leader(), "anna");
  EXPECT_EQ(texts_in_log("anna").count(R"({"text": "alone"})"), 1U);
}

TEST_F(forgotten_state, of_all_members_keeps_nobody_from_leading) {
  close("anna");
  close("carl");
  close("bert");
  // As after a repair of which nothing of the log was left, and nobody else is.
  {
    SQLite::Database file{database_of("bert").string(), SQLite::OPEN_READWRITE};
    ASSERT_EQ(file.exec("DELETE FROM lockstep_record WHERE model ="
                        " 'lockstep.member'"),
              3);
  }
  start("bert");
  reopen("bert");
  ASSERT_TRUE(write("bert", "alone"));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(leader(), "bert");
}

} // namespace
} // namespace lockstep

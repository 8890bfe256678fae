#include "tests/simulation/conflict_checker.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep::simulation {
namespace {

/// A log about one page, written by hand.
class one_page : public ::testing::Test {
public:
  void add(std::string model, record_id record, change_type change,
           std::string data) {
    entry what;
    what.sequence = sequence_number{log_.size() + 1};
    what.device_sequence = device_sequence_number{log_.size() + 1};
    what.model = std::move(model);
    what.record = record;
    what.change = change;
    what.data = std::move(data);
    log_.push_back(std::move(what));
  }

  void write(const std::string& a) {
    add("page", page_, change_type::update,
        nlohmann::json{{"uuid", to_string(page_)}, {"a", a}}.dump());
  }

  void erase(const std::string& seen) {
    add("gone", fresh(), change_type::insert,
        nlohmann::json{{"was", seen}}.dump());
    add("page", page_, change_type::remove, {});
  }

  record_id keep(const std::string& a, std::uint64_t number) {
    const auto conflict = fresh();
    const nlohmann::json data{{"uuid", to_string(page_)}, {"a", a}};
    add(
      std::string{conflict_model}, conflict, change_type::insert,
      nlohmann::json{
        {"kind", "concurrent"},
        {"model", "page"},
        {"record", to_string(page_)},
        {"loser",
         {{"device", "somebody"}, {"device_sequence", number}, {"data", data}}}}
        .dump());
    return conflict;
  }

  void resolve(record_id conflict) {
    add(std::string{conflict_model}, conflict, change_type::remove, {});
  }

  std::string verdict_of_log() {
    verdict found;
    check_conflicts(log_, found, counts_);
    return found.why();
  }

  record_id fresh() {
    return record_id{make_uuid_v7(++made_, 0, 0)};
  }

  std::uint64_t made_ = 0;
  record_id page_ = fresh();
  std::vector<entry> log_;
  std::map<std::string, std::uint64_t> counts_;
};

TEST_F(one_page, may_be_written_over_by_who_saw_it) {
  write("t#1;");
  write("t#2;<t#1;");
  EXPECT_EQ(verdict_of_log(), "");
}

TEST_F(one_page, is_lost_when_nobody_who_wrote_over_it_saw_it) {
  write("t#1;");
  write("t#2;<");
  EXPECT_NE(verdict_of_log().find("t#1;"), std::string::npos);
}

TEST_F(one_page, is_kept_by_a_conflict) {
  write("t#1;");
  write("t#2;<");
  keep("t#1;", 1);
  EXPECT_EQ(verdict_of_log(), "");
  EXPECT_EQ(counts_["texts in conflicts"], 1U);
}

TEST_F(one_page, is_lost_with_a_conflict_that_is_over) {
  write("t#1;");
  write("t#2;<");
  resolve(keep("t#1;", 1));
  EXPECT_NE(verdict_of_log().find("t#1;"), std::string::npos);
}

TEST_F(one_page, is_kept_once) {
  write("t#1;");
  write("t#2;<");
  keep("t#1;", 1);
  keep("t#1;", 2);
  EXPECT_NE(verdict_of_log().find("two open conflicts"), std::string::npos);
}

TEST_F(one_page, that_stands_in_the_row_is_in_no_conflict) {
  write("t#1;");
  keep("t#1;", 1);
  EXPECT_NE(verdict_of_log().find("stands in the row"), std::string::npos);
}

TEST_F(one_page, may_be_deleted_by_who_saw_it_only) {
  write("t#1;");
  erase("t#1;");
  EXPECT_EQ(verdict_of_log(), "");
  write("t#2;");
  erase("t#1;");
  EXPECT_NE(verdict_of_log().find("t#2;"), std::string::npos);
}

} // namespace
} // namespace lockstep::simulation

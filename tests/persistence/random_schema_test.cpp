#include "tests/persistence/library_device.hpp"
#include "tests/persistence/random_schema.hpp"
#include "tests/persistence/random_statements.hpp"
#include "tests/persistence/table_dump.hpp"
#include "tests/support/each_seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>

namespace lockstep {

namespace {

/// Who writes.
enum class writers { leader, follower, in_turns, at_once };

/// Two devices with a schema of their own, written by another program, and a
/// file with the same tables that never met Lockstep.
class random_case {
public:
  random_case(std::uint64_t seed, writers who)
    : choice_(seed), who_(who), schema_(make_random_schema(choice_)) {
    a_.leads = true;
    for (const auto* pragma : {"foreign_keys=ON", "synchronous=OFF"})
      for (auto* database : {&on_a_, &on_b_, &reference_})
        database->exec(std::string{"PRAGMA "} + pragma);
    // Two triggers that set off each other would take for ever.
    const bool has_triggers
      = std::any_of(schema_.statements.begin(), schema_.statements.end(),
                    [](const std::string& statement) {
                      return statement.starts_with("CREATE TRIGGER \"trigger");
                    });
    if (choice_.one_in(3) && !has_triggers)
      for (auto* database : {&on_a_, &on_b_, &reference_})
        database->exec("PRAGMA recursive_triggers=ON");
    for (const auto& statement : schema_.statements) {
      story_ += statement + ";\n";
      for (auto* database : {&on_a_, &on_b_, &reference_})
        database->exec(statement);
    }
  }

  void run() {
    // What is there before Lockstep is.
    if (choice_.one_in(3))
      write(on_a_);
    if (is_broken_)
      return;
    for (auto* device : {&a_, &b_})
      for (const auto& table : schema_.tables)
        must(device->track(table.plain_name), "track " + table.plain_name);
    settle();
    for (auto left = 4 + choice_.below(8);
         left > 0 && !is_broken_ && !testing::Test::HasFailure(); --left)
      step();
    if (!is_broken_ && !testing::Test::HasFailure())
      check_end();
    if (testing::Test::HasFailure())
      std::cerr << story_ << "-- the log\n" << log_of(a_);
  }

private:
  void step() {
    const bool by_leader = who_ == writers::leader
                           || (who_ != writers::follower && choice_.one_in(2));
    write(by_leader ? on_a_ : on_b_);
    if (is_broken_)
      return;
    if (choice_.one_in(20)) {
      story_ += "-- both reopened\n";
      a_.reopen();
      b_.reopen();
    }
    if (choice_.one_in(3))
      must((by_leader ? a_ : b_).capture(), "capture");
    if (who_ == writers::in_turns || choice_.one_in(3)) {
      settle();
      compare();
    }
  }

  void write(SQLite::Database& database) {
    const auto script
      = random_script(schema_, choice_, who_ == writers::in_turns);
    EXPECT_EQ(complaints_about(database), "") << "before the statements";
    const auto codes = run_script(database, script);
    // SQLite overlooks some rows of REPLACE that refer to others of their table
    // which are not there. Nobody can keep such a file in step.
    is_broken_ = !complaints_about(database).empty();
    story_ += &database == &on_a_ ? "-- on a\n" : "-- on b\n";
    for (std::size_t i = 0; i < script.size(); ++i)
      story_ += script[i] + ";"
                + (codes[i] == 0 ? "" : " -- " + std::to_string(codes[i]))
                + "\n";
    if (!has_reference() || is_broken_)
      return;
    const auto without = run_script(reference_, script);
    const bool same = without == codes && dump(database) == dump(reference_);
    // Which of several rows UPDATE OR REPLACE and OR IGNORE leave is SQLite's
    // choice, another one where triggers are; and where none are, it overlooks
    // more.
    bool may_differ = !complaints_about(reference_).empty();
    for (std::size_t i = 0; i < script.size(); ++i)
      may_differ = may_differ
                   || script[i].starts_with("UPDATE OR ")
                   // So does what REPLACE, and a commit after it, take for a
                   // row that refers to nothing, where foreign keys go round.
                   || (codes[i] != without[i]
                       && (script[i].find("REPLACE INTO") != std::string::npos
                           || script[i] == "COMMIT"));
    is_comparable_ = same || !may_differ;
    if (is_comparable_) {
      EXPECT_EQ(codes, without);
      EXPECT_EQ(dump(database), dump(reference_));
    }
  }

  std::string dump(SQLite::Database& database) const {
    std::string text;
    for (const auto& table : schema_.tables)
      text += table.plain_name + "\n"
              + dump_of(database, table.plain_name, table.key.empty());
    return text;
  }

  bool has_reference() const {
    return is_comparable_
           && (who_ == writers::leader || who_ == writers::follower);
  }

  void settle() {
    story_ += "-- settled\n";
    must(b_.capture(), "b captures");
    for (const auto& what : b_.pending())
      proposed_.push_back(what.device_sequence);
    must(a_.capture(), "a captures");
    must(b_.follow(a_), "b follows");
    must(a_.sequence(b_.pending()), "a sequences");
    must(b_.follow(a_), "b follows again");
  }

  void compare() {
    EXPECT_EQ(dump(on_a_), dump(on_b_));
    if (has_reference()) {
      EXPECT_EQ(dump(on_a_), dump(reference_)) << "with and without Lockstep";
    }
    EXPECT_TRUE(b_.pending().empty());
    for (auto* device : {&a_, &b_})
      EXPECT_EQ(device->rows("SELECT * FROM lockstep_set_aside"), "");
    if (who_ != writers::at_once) {
      EXPECT_EQ(a_.rows("SELECT record_id FROM lockstep_record WHERE model ="
                        " 'lockstep.conflict'"),
                "");
    }
  }

  void check_end() {
    settle();
    compare();
    for (auto* database : {&on_a_, &on_b_}) {
      EXPECT_EQ(complaints_about(*database), "");
      if (has_reference() && !schema_.words.empty()
          && reference_.tryExec(check_words) == 0) {
        EXPECT_EQ(database->tryExec(check_words), 0);
      }
    }
    EXPECT_EQ(a_.digest(), b_.digest());
    check_log();
  }

  /// Each operation is in the log once, and the rows are what it says.
  void check_log() {
    std::map<device_sequence_number, int> times;
    std::map<std::pair<std::string, record_id>, std::string> newest;
    for (const auto& what : a_.entries()) {
      if (what.device == b_.id)
        ++times[what.device_sequence];
      newest[{what.model, what.record}] = what.data;
    }
    for (const auto& number : proposed_)
      EXPECT_EQ(times[number], 1) << to_string(number);
    for (auto* device : {&a_, &b_})
      for (const auto& [key, data] : newest)
        if (const auto* schema = device->store->tables.by_model(key.first)) {
          const auto image = device->store->rows.read(*schema, key.second);
          EXPECT_EQ(image ? image->dump() : "", data);
        }
  }

  static std::string log_of(library_device& device) {
    std::string text;
    for (const auto& what : device.entries())
      text += to_string(what.sequence) + " "
              + std::string{to_string(what.change)} + " " + what.model + " "
              + to_string(what.record) + " " + what.data.substr(0, 300) + "\n";
    return text;
  }

  static void must(const expected<void>& done, const std::string& what) {
    EXPECT_TRUE(done) << what << ": " << done.error().message;
  }

  static constexpr auto check_words
    = "INSERT INTO words(words, rank) VALUES('integrity-check', 1)";

  random_choice choice_;
  writers who_;
  random_schema schema_;
  std::string story_;
  bool is_broken_ = false;
  bool is_comparable_ = true;
  std::vector<device_sequence_number> proposed_;
  library_device a_{1};
  library_device b_{2};
  SQLite::Database on_a_{a_.database_file().string(), SQLite::OPEN_READWRITE,
                         5'000};
  SQLite::Database on_b_{b_.database_file().string(), SQLite::OPEN_READWRITE,
                         5'000};
  SQLite::Database reference_{":memory:",
                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

} // namespace

struct random_schema_by : testing::TestWithParam<writers> {};

TEST_P(random_schema_by, rows_that_other_programs_write_are_equal_everywhere) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_case{seed, GetParam()}.run();
  });
}

/// As the tests' names have it.
std::string name_of(const testing::TestParamInfo<writers>& which) {
  switch (which.param) {
    case writers::leader:
      return "leader";
    case writers::follower:
      return "follower";
    case writers::in_turns:
      return "in_turns";
    case writers::at_once:
      return "at_once";
  }
  return "nobody";
}

INSTANTIATE_TEST_SUITE_P(writers, random_schema_by,
                         testing::Values(writers::leader, writers::follower,
                                         writers::in_turns, writers::at_once),
                         name_of);

} // namespace lockstep

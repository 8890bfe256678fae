#include "tests/apps/spoiled_file.hpp"
#include "tests/processes/two_processes.hpp"

#include <random>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Two devices that hold the same, of which one then loses a file.
class repair_between_processes : public two_processes {
protected:
  repair_between_processes() {
    sql("a", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < 3000) INSERT INTO note SELECT printf('%05d', i),"
             " 'a note that is as long as notes are' FROM n");
    a_ = serve("a", {place_of_a_});
    place_of_a_ = a_->address();
    pair();
    b_ = serve("b", {place_of_b_});
    place_of_b_ = b_->address();
    write("b", "of b");
    EXPECT_TRUE(eventually([&] { return has("a", "of b"); }));
    EXPECT_EQ(on("b", "wait notes --until stable").status, 0);
  }

  [[nodiscard]] std::filesystem::path log_of(const std::string& name) const {
    for (const auto& one :
         std::filesystem::directory_iterator{data_of(name) / "libraries"})
      if (std::filesystem::is_directory(one))
        return one.path() / "sync.db";
    return {};
  }

  nlohmann::json repair(const std::string& name) {
    const auto done = on(name, "--json repair notes");
    EXPECT_EQ(done.status, 0) << done.err;
    return done.json();
  }

  void expect_in_step() {
    ASSERT_TRUE(eventually([&] {
      return on("a", "wait notes --until stable").status == 0
             && on("b", "wait notes --until stable").status == 0
             && notes("a") == notes("b");
    }))
      << on("a", "status notes").out << on("b", "status notes").out;
    const auto a = ask("a", "check notes");
    EXPECT_EQ(a, ask("b", "check notes"));
    EXPECT_EQ(a["ok"], true) << a;
  }

  std::unique_ptr<served_device> a_;
  std::unique_ptr<served_device> b_;
  std::string place_of_a_ = "127.0.0.1:0";
  std::string place_of_b_ = "127.0.0.1:0";
};

TEST_F(repair_between_processes, slow_gets_a_lost_log_from_the_leader) {
  for (const auto how : all_spoils) {
    SCOPED_TRACE(name_of(how));
    b_->end(SIGKILL);
    spoil_file(log_of("b"), how);
    write("a", "a while b was away " + name_of(how));
    // Not in the log of anybody: it was in none before the loss either.
    write("b", "b without a log " + name_of(how));
    const auto done = repair("b");
    EXPECT_EQ(done["needs_members"], true) << done;
    const auto waits = on("b", "--json status notes");
    EXPECT_EQ(waits.json()["state"], "backfilling") << waits.out << waits.err;
    b_ = serve("b", {place_of_b_});
    ASSERT_NO_FATAL_FAILURE(expect_in_step());
    EXPECT_TRUE(has("a", "b without a log " + name_of(how)));
    EXPECT_TRUE(has("b", "a while b was away " + name_of(how)));
  }
}

TEST_F(repair_between_processes, slow_keeps_what_only_a_lost_log_held) {
  b_->end(SIGTERM);
  // The creator leads, and these are in nobody else's log.
  write("a", "new");
  sql("a", "UPDATE note SET text = 'newer' WHERE id = '00007'");
  sql("a", "UPDATE note SET text = 'of a alone' WHERE id = '00006'");
  sql("a", "DELETE FROM note WHERE id = '00008'");
  ASSERT_EQ(on("a", "wait notes").status, 0);
  a_->end(SIGKILL);
  b_ = serve("b", {place_of_b_});
  write("b", "meanwhile");
  sql("b", "UPDATE note SET text = 'by b' WHERE id IN ('00006', '00009')");
  ASSERT_TRUE(eventually(
    [&] { return on("b", "--json status notes").json()["role"] == "leader"; }));
  spoil_file(log_of("a"), spoil::garbage);
  const auto done = repair("a");
  EXPECT_EQ(done["needs_members"], true) << done;
  EXPECT_EQ(done["sequence"], 0);
  a_ = serve("a", {place_of_a_});
  ASSERT_NO_FATAL_FAILURE(expect_in_step());
  for (const auto* name : {"a", "b"}) {
    EXPECT_TRUE(has(name, "new"));
    EXPECT_TRUE(has(name, "meanwhile"));
    EXPECT_FALSE(has(name, "00008"));
    EXPECT_EQ(sql(name, "SELECT text FROM note WHERE id = '00007'"), "newer\n");
    EXPECT_EQ(sql(name, "SELECT text FROM note WHERE id = '00009'"), "by b\n");
    // What both made something else of is a conflict.
    EXPECT_EQ(sql(name, "SELECT text FROM note WHERE id = '00006'"), "by b\n");
    const auto conflicts = ask(name, "conflicts notes");
    ASSERT_EQ(conflicts.size(), 1U) << conflicts;
    EXPECT_THAT(conflicts.dump(), HasSubstr("of a alone"));
  }
}

TEST_F(repair_between_processes, slow_mends_while_it_serves) {
  b_->end(SIGKILL);
  spoil_file(log_of("b"), spoil::cut);
  b_ = serve("b", {place_of_b_});
  const auto now = on("b", "--json status notes");
  EXPECT_EQ(now.status, 1);
  EXPECT_THAT(now.err, HasSubstr("lockstep repair"));
  repair("b");
  ASSERT_NO_FATAL_FAILURE(expect_in_step());
  // Also what is damaged while it is open, once anybody notices.
  EXPECT_EQ(repair("b")["log"]["found"], "whole");
  ASSERT_NO_FATAL_FAILURE(expect_in_step());
}

TEST_F(repair_between_processes, slow_keeps_what_waits_in_a_damaged_database) {
  b_->end(SIGTERM);
  a_->end(SIGKILL);
  // B does not lead: it is pending, and in the queue of its database only.
  ASSERT_EQ(on("b", "status notes --set leadership.priority=-1").status, 0);
  write("b", "waits");
  ASSERT_EQ(on("b", "status notes --set leadership.priority=-1").status, 0);
  const auto page = sql("b", "SELECT rootpage FROM sqlite_schema WHERE name ="
                             " 'sqlite_autoindex_note_1'");
  checkpoint(file("b"));
  flip(file("b"), (std::stoull(page) - 1) * 4096, 64);
  const auto done = on("b", "--json --set leadership.priority=-1 repair notes");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.json()["database"]["found"], "damaged");
  EXPECT_EQ(done.json()["pending"], 1) << done.out;
  EXPECT_TRUE(has("b", "waits"));
  a_ = serve("a", {place_of_a_});
  b_ = serve("b", {place_of_b_});
  ASSERT_NO_FATAL_FAILURE(expect_in_step());
  EXPECT_TRUE(has("a", "waits"));
}

TEST_F(repair_between_processes, slow_can_be_killed_at_any_moment) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  const auto seed = given ? std::strtoull(given, nullptr, 10)
                          : std::uint64_t{std::random_device{}()};
  std::cout << "LOCKSTEP_SEED=" << seed << '\n';
  std::mt19937_64 random{seed};
  std::size_t killed = 0;
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    b_->end(SIGKILL);
    const auto before = notes("b");
    // The log, the database, both.
    const auto how = round % 2 == 0 ? spoil::cut : spoil::flip_pages;
    if (round % 3 != 1)
      spoil_file(log_of("b"), how);
    if (round % 3 != 0)
      spoil_file(file("b"), how);
    for (int i = 0; i < 6; ++i) {
      process mending{
        {LOCKSTEP_PROGRAM, "--data", data_of("b").string(), "repair", "notes"},
        complaints("b")};
      std::this_thread::sleep_for(
        std::chrono::microseconds{random() % 150'000});
      killed += mending.end(SIGKILL) == -1 ? 1 : 0;
    }
    repair("b");
    b_ = serve("b", {place_of_b_});
    // What cannot be read says so, and is tracked again.
    static_cast<void>(on("b", "track notes --all"));
    ASSERT_NO_FATAL_FAILURE(expect_in_step());
    EXPECT_EQ(notes("b"), before);
  }
  EXPECT_LT(20U, killed);
}

} // namespace
} // namespace lockstep

#include "protocol/conflict.hpp"
#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using side = resolve_conflict::side;

/// Three devices that change the same rows without knowing of each other.
class changed_at_once : public fleet {
public:
  explicit changed_at_once(merge_functions of_host = {}) {
    merges = std::move(of_host);
    share({"anna", "bert", "carl"});
    for (const auto* name : {"anna", "bert", "carl"})
      write(name, "CREATE TABLE town(name TEXT PRIMARY KEY, mayor TEXT,"
                  " size INTEGER, code TEXT UNIQUE, roads JSON)");
  }

  void track(conflict_policy policy) {
    for (const auto* name : {"anna", "bert", "carl"}) {
      const auto tracked = ask<tracked_table>(
        at(name).shared.library, track_table{"town", "", {}, policy});
      ASSERT_TRUE(tracked) << tracked.error().message;
      EXPECT_EQ(tracked->policy, policy);
    }
    write("anna", "INSERT INTO town VALUES('Ulm', 'Ada', 1, 'UL', '[1,2]')");
    ASSERT_EQ(settle(), "");
  }

  void write(const std::string& name, const std::string& sql) {
    const auto written = commit(name, {sql_statement{sql, {}}});
    ASSERT_TRUE(written) << name << ": " << written.error().message;
  }

  /// Carl writes offline, first; then Bert; then they meet.
  void meet(const std::vector<std::string>& carls, const std::string& berts) {
    set_online("carl", false);
    for (const auto& sql : carls) {
      write("carl", sql);
      advance(1s);
    }
    write("bert", berts);
    advance(10s);
    set_online("carl", true);
    ASSERT_EQ(settle(), "");
  }

  std::string row(const std::string& name) {
    auto rows = ask<sql_rows>(
      at(name).shared.library,
      sql_query{{"SELECT coalesce(group_concat(name || ' ' || mayor || ' ' ||"
                 " size || ' ' || code || ' ' || roads, '; '), 'no town') FROM"
                 " (SELECT * FROM town ORDER BY name)",
                 {}}});
    return rows ? std::get<std::string>(rows->rows.at(0).at(0))
                : rows.error().message;
  }

  void expect_everywhere(const std::string& wanted) {
    for (const auto* name : {"anna", "bert", "carl"})
      EXPECT_EQ(row(name), wanted) << name;
  }

  std::vector<conflict_list::conflict> conflicts(const std::string& name,
                                                 bool all = false) {
    auto found
      = ask<conflict_list>(at(name).shared.library, read_conflicts{all});
    EXPECT_TRUE(found);
    return found ? found->list : std::vector<conflict_list::conflict>{};
  }

  /// The one that every device shows.
  entry only_conflict() {
    for (const auto* name : {"anna", "bert", "carl"}) {
      EXPECT_EQ(conflicts(name).size(), 1U) << name;
      EXPECT_EQ(status(name).conflicts, 1U) << name;
    }
    const auto list = conflicts("anna");
    return list.empty() ? entry{} : list.front().kept;
  }

  std::string lost(const entry& conflict, const std::string& column) {
    const auto loser = loser_of(conflict.data);
    if (!loser)
      return "no conflict";
    const auto image = nlohmann::json::parse(loser->data, nullptr, false);
    return image.contains(column) ? image[column].dump() : image.dump();
  }

  expected<receipt> resolve(const std::string& name, const entry& conflict,
                            side take) {
    return ask<receipt>(at(name).shared.library,
                        resolve_conflict{conflict.record, take});
  }
};

TEST_F(changed_at_once, different_columns_are_merged_without_a_conflict) {
  track(conflict_policy::field_merge);
  meet({"UPDATE town SET mayor = 'Cleo'"}, "UPDATE town SET size = 7");
  expect_everywhere("Ulm Cleo 7 UL [1,2]");
  EXPECT_TRUE(conflicts("anna", true).empty());
}

TEST_F(changed_at_once, edits_upon_a_merged_edit_keep_what_it_merged_with) {
  track(conflict_policy::field_merge);
  meet({"UPDATE town SET mayor = 'Cleo'", "UPDATE town SET code = 'XX'",
        "UPDATE town SET mayor = 'Dora'"},
       "UPDATE town SET size = 7");
  expect_everywhere("Ulm Dora 7 XX [1,2]");
  EXPECT_TRUE(conflicts("anna", true).empty());
}

TEST_F(changed_at_once, one_column_is_lost_and_the_others_are_merged) {
  track(conflict_policy::field_merge);
  meet({"UPDATE town SET mayor = 'Cleo', code = 'XX'"},
       "UPDATE town SET mayor = 'Bo', size = 7");
  expect_everywhere("Ulm Bo 7 XX [1,2]");
  EXPECT_EQ(lost(only_conflict(), "mayor"), "\"Cleo\"");
}

TEST_F(changed_at_once, a_delete_upon_a_merged_edit_keeps_what_it_merged_with) {
  track(conflict_policy::field_merge);
  meet({"UPDATE town SET mayor = 'Cleo'", "DELETE FROM town"},
       "UPDATE town SET size = 7");
  expect_everywhere("no town");
  EXPECT_EQ(lost(only_conflict(), "size"), "7");
}

TEST_F(changed_at_once, a_row_that_goes_along_with_its_parent_is_kept) {
  for (const auto* name : {"anna", "bert", "carl"})
    write(name, "CREATE TABLE street(name TEXT PRIMARY KEY, town TEXT"
                " REFERENCES town(name) ON DELETE CASCADE)");
  track(conflict_policy::last_writer_wins);
  for (const auto* name : {"anna", "bert", "carl"})
    ASSERT_TRUE(ask<tracked_table>(at(name).shared.library,
                                   track_table{"street", "", {}, {}}));
  meet({"DELETE FROM town"}, "INSERT INTO street VALUES('Neue', 'Ulm')");
  expect_everywhere("no town");
  EXPECT_EQ(lost(only_conflict(), "name"), "\"Neue\"");
}

TEST_F(changed_at_once, arrays_are_united) {
  track(conflict_policy::union_merge);
  meet({"UPDATE town SET roads = '[1,2,3]'"},
       "UPDATE town SET roads = '[2,9]'");
  expect_everywhere("Ulm Ada 1 UL [2,9,3]");
  EXPECT_TRUE(conflicts("anna", true).empty());
}

TEST_F(changed_at_once, what_comes_first_stays_where_that_is_the_policy) {
  track(conflict_policy::first_writer_wins);
  set_online("bert", false);
  write("bert", "UPDATE town SET mayor = 'Bo'");
  advance(1s);
  write("carl", "UPDATE town SET mayor = 'Cleo'");
  advance(1s);
  write("bert", "UPDATE town SET mayor = 'Bob'");
  set_online("bert", true);
  ASSERT_EQ(settle(), "");
  expect_everywhere("Ulm Cleo 1 UL [1,2]");
  EXPECT_EQ(lost(only_conflict(), "mayor"), "\"Bob\"");
}

TEST_F(changed_at_once, whoever_leads_decides_by_the_same_policy) {
  ASSERT_TRUE(ask<tracked_table>(
    at("anna").shared.library,
    track_table{"town", "", {}, conflict_policy::field_merge}));
  for (const auto* name : {"bert", "carl"})
    ASSERT_TRUE(ask<tracked_table>(at(name).shared.library,
                                   track_table{"town", "", {}, {}}));
  write("anna", "INSERT INTO town VALUES('Ulm', 'Ada', 1, 'UL', '[1,2]')");
  ASSERT_EQ(settle(), "");
  crash("anna");
  advance(5min);
  ASSERT_FALSE(leader().empty());
  meet({"UPDATE town SET mayor = 'Cleo'"}, "UPDATE town SET size = 7");
  EXPECT_EQ(row("bert"), "Ulm Cleo 7 UL [1,2]");
  EXPECT_EQ(row("carl"), "Ulm Cleo 7 UL [1,2]");
}

/// Adds what each added to the size.
std::optional<std::string> add_sizes(const concurrent_images& images) {
  auto merged = nlohmann::json::parse(images.newest);
  const auto mine = nlohmann::json::parse(images.operation);
  const auto base = nlohmann::json::parse(images.base.value_or("{}"));
  merged["size"]
    = merged.value("size", 0) + mine.value("size", 0) - base.value("size", 0);
  return merged.dump();
}

/// Makes the row another record's.
std::optional<std::string> rename(const concurrent_images& images) {
  auto merged = nlohmann::json::parse(images.newest);
  merged["name"] = "Bonn";
  return merged.dump();
}

struct added_by_the_host : changed_at_once {
  added_by_the_host() : changed_at_once({{"town", add_sizes}}) {
  }
};

struct renamed_by_the_host : changed_at_once {
  renamed_by_the_host() : changed_at_once({{"town", rename}}) {
  }
};

TEST_F(added_by_the_host, nothing_that_either_added_is_lost) {
  track(conflict_policy::host);
  meet({"UPDATE town SET size = size + 5", "UPDATE town SET size = size + 1"},
       "UPDATE town SET size = size + 2");
  expect_everywhere("Ulm Ada 9 UL [1,2]");
  EXPECT_TRUE(conflicts("anna", true).empty());
}

TEST_F(added_by_the_host, only_where_that_is_the_policy) {
  track(conflict_policy::last_writer_wins);
  meet({"UPDATE town SET size = size + 5"}, "UPDATE town SET size = size + 2");
  expect_everywhere("Ulm Ada 3 UL [1,2]");
}

TEST_F(renamed_by_the_host, what_is_another_record_is_not_taken) {
  track(conflict_policy::host);
  meet({"UPDATE town SET size = size + 5"}, "UPDATE town SET size = size + 2");
  expect_everywhere("Ulm Ada 3 UL [1,2]");
  EXPECT_EQ(lost(only_conflict(), "size"), "6");
}

TEST_F(changed_at_once, a_policy_of_no_host_is_that_of_the_last_writer) {
  track(conflict_policy::host);
  meet({"UPDATE town SET size = size + 5"}, "UPDATE town SET size = size + 2");
  expect_everywhere("Ulm Ada 3 UL [1,2]");
  EXPECT_EQ(lost(only_conflict(), "size"), "6");
}

TEST_F(changed_at_once, five_edits_that_lose_are_one_conflict) {
  track(conflict_policy::last_writer_wins);
  std::vector<std::string> edits;
  for (int i = 1; i <= 5; ++i)
    edits.push_back("UPDATE town SET size = " + std::to_string(i * 10));
  meet(edits, "UPDATE town SET mayor = 'Bo'");
  expect_everywhere("Ulm Bo 1 UL [1,2]");
  EXPECT_EQ(lost(only_conflict(), "size"), "50");
}

TEST_F(changed_at_once, edits_that_win_in_the_end_leave_only_what_they_beat) {
  track(conflict_policy::last_writer_wins);
  set_online("carl", false);
  write("carl", "UPDATE town SET size = 10");
  advance(1s);
  write("bert", "UPDATE town SET mayor = 'Bo'");
  advance(1s);
  write("carl", "UPDATE town SET size = 20");
  set_online("carl", true);
  ASSERT_EQ(settle(), "");
  expect_everywhere("Ulm Ada 20 UL [1,2]");
  EXPECT_EQ(lost(only_conflict(), "mayor"), "\"Bo\"");
  EXPECT_EQ(conflicts("anna", true).size(), 2U);
}

TEST_F(changed_at_once, what_lost_can_be_taken_on_any_device) {
  track(conflict_policy::last_writer_wins);
  meet({"UPDATE town SET mayor = 'Cleo'"}, "UPDATE town SET size = 7");
  const auto conflict = only_conflict();
  const auto resolved = resolve("carl", conflict, side::loser);
  ASSERT_TRUE(resolved) << resolved.error().message;
  ASSERT_EQ(settle(), "");
  expect_everywhere("Ulm Cleo 1 UL [1,2]");
  for (const auto* name : {"anna", "bert", "carl"}) {
    EXPECT_TRUE(conflicts(name).empty()) << name;
    EXPECT_EQ(status(name).conflicts, 0U) << name;
    const auto all = conflicts(name, true);
    ASSERT_EQ(all.size(), 1U) << name;
    EXPECT_TRUE(all.front().resolved);
    EXPECT_EQ(lost(all.front().kept, "mayor"), "\"Cleo\"");
  }
  const auto again = resolve("bert", conflict, side::winner);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::not_found) << again.error().message;
}

TEST_F(changed_at_once, what_won_can_be_left_as_it_is) {
  track(conflict_policy::last_writer_wins);
  meet({"UPDATE town SET mayor = 'Cleo'"}, "UPDATE town SET size = 7");
  const auto before = row("anna");
  ASSERT_TRUE(resolve("bert", only_conflict(), side::winner));
  ASSERT_EQ(settle(), "");
  expect_everywhere(before);
  EXPECT_TRUE(conflicts("carl").empty());
}

TEST_F(changed_at_once, an_update_that_lost_against_a_delete_comes_back) {
  track(conflict_policy::field_merge);
  meet({"UPDATE town SET mayor = 'Cleo'"}, "DELETE FROM town");
  expect_everywhere("no town");
  ASSERT_TRUE(resolve("anna", only_conflict(), side::loser));
  ASSERT_EQ(settle(), "");
  expect_everywhere("Ulm Cleo 1 UL [1,2]");
}

TEST_F(changed_at_once, what_does_not_fit_is_not_taken_before_it_does) {
  track(conflict_policy::last_writer_wins);
  meet({"INSERT INTO town VALUES('Bonn', 'Cleo', 5, 'BN', '[]')"},
       "INSERT INTO town VALUES('Berlin', 'Bo', 6, 'BN', '[]')");
  expect_everywhere("Berlin Bo 6 BN []; Ulm Ada 1 UL [1,2]");
  const auto conflict = only_conflict();
  const auto refused = resolve("carl", conflict, side::loser);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::constraint) << refused.error().message;
  EXPECT_EQ(conflicts("carl").size(), 1U);
  write("bert", "UPDATE town SET code = 'B' WHERE name = 'Berlin'");
  ASSERT_EQ(settle(), "");
  ASSERT_TRUE(resolve("carl", conflict, side::loser));
  ASSERT_EQ(settle(), "");
  expect_everywhere("Berlin Bo 6 B []; Bonn Cleo 5 BN []; Ulm Ada 1 UL [1,2]");
  EXPECT_TRUE(conflicts("anna").empty());
}

TEST_F(changed_at_once, a_conflict_that_two_resolve_at_once_is_resolved) {
  track(conflict_policy::last_writer_wins);
  meet({"UPDATE town SET mayor = 'Cleo'"}, "UPDATE town SET size = 7");
  const auto conflict = only_conflict();
  set_online("carl", false);
  ASSERT_TRUE(resolve("carl", conflict, side::winner));
  ASSERT_TRUE(resolve("bert", conflict, side::winner));
  advance(10s);
  set_online("carl", true);
  ASSERT_EQ(settle(), "");
  for (const auto* name : {"anna", "bert", "carl"})
    EXPECT_TRUE(conflicts(name).empty()) << name;
}

TEST_F(changed_at_once, what_is_no_conflict_is_not_resolved) {
  entry none;
  none.record = make_id();
  const auto refused = resolve("anna", none, side::winner);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::not_found);
}

} // namespace
} // namespace lockstep

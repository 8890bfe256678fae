#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {

namespace {

constexpr int rows_in_all = 7'000;

/// Transactions that the memory is not to hold all of.
struct large_transaction : testing::Test {
  large_transaction() {
    a.leads = true;
    for (auto* device : {&a, &b}) {
      device->store->limits.transaction_memory = 100'000;
      device->elsewhere(
        "CREATE TABLE kind(name TEXT PRIMARY KEY);"
        "CREATE TABLE item(id INTEGER PRIMARY KEY, kind TEXT REFERENCES kind, x"
        " UNIQUE);"
        "CREATE TABLE pair(item INTEGER REFERENCES item ON DELETE CASCADE, n,"
        " PRIMARY KEY(item, n)) WITHOUT ROWID");
      for (const auto* table : {"kind", "item", "pair"})
        EXPECT_TRUE(device->track(table));
    }
  }

  static std::string numbers(const std::string& insert, int first, int last) {
    return "WITH RECURSIVE n(i) AS (SELECT " + std::to_string(first)
           + " UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(last)
           + ") INSERT INTO " + insert + " FROM n;";
  }

  static std::string fill(const std::string& x, int first = 1,
                          int last = rows_in_all) {
    return "BEGIN; INSERT OR IGNORE INTO kind VALUES('k');"
           + numbers("pair SELECT i, i * 2", first, last)
           + numbers("item SELECT i, 'k', '" + x + "' || i", first, last)
           + "COMMIT;";
  }

  /// The number of entries in each of the log's transactions.
  static std::vector<std::size_t> sizes(library_device& device) {
    std::vector<std::size_t> list;
    sequence_number end;
    for (const auto& what : device.entries()) {
      if (what.transaction_end != end)
        list.push_back(0);
      end = what.transaction_end;
      ++list.back();
    }
    return list;
  }

  void follow_all() {
    for (auto since = b.entries().size(); since < a.entries().size();
         since = b.entries().size())
      ASSERT_TRUE(b.follow(a));
  }

  static expected<void> propose_in_pieces(library_device& from,
                                          library_device& to) {
    for (device_sequence_number after;;) {
      const auto batch = from.store->pending.fetch(from.id, after, 256);
      if (batch.list.empty())
        return {};
      EXPECT_LT(batch.list.size(), 5'000U);
      EXPECT_EQ(batch.follows, after);
      after = batch.list.back().device_sequence;
      if (auto added = to.propose(from.id, batch); !added)
        return added;
    }
  }

  void expect_equal() {
    EXPECT_EQ(a.digest(), b.digest());
    EXPECT_TRUE(b.pending().empty());
    for (auto* device : {&a, &b}) {
      EXPECT_EQ(device->rows("PRAGMA foreign_key_check"), "");
      EXPECT_EQ(device->rows("SELECT count(*) FROM lockstep_set_aside"), "0\n");
      EXPECT_EQ(device->rows("SELECT count(*) FROM lockstep_proposed"), "0\n");
    }
  }

  library_device a{1};
  library_device b{2};
};

} // namespace

TEST_F(large_transaction, on_the_leader_is_one_in_the_log_and_elsewhere) {
  a.elsewhere(fill("a"));
  ASSERT_TRUE(a.capture());
  EXPECT_EQ(sizes(a), std::vector<std::size_t>{2 * rows_in_all + 1});
  follow_all();
  EXPECT_EQ(b.rows("SELECT count(*) FROM item JOIN pair ON item = id"),
            std::to_string(rows_in_all) + "\n");
  a.elsewhere("PRAGMA foreign_keys=ON; DELETE FROM item WHERE id % 7");
  ASSERT_TRUE(a.capture());
  EXPECT_EQ(sizes(a).size(), 2U);
  follow_all();
  EXPECT_EQ(b.rows("SELECT count(*) FROM pair"),
            std::to_string(rows_in_all / 7) + "\n");
  expect_equal();
}

TEST_F(large_transaction, of_one_statement_of_the_host_is_one) {
  ASSERT_TRUE(a.write(numbers("item SELECT i, NULL, i", 1, rows_in_all)));
  ASSERT_TRUE(a.write("UPDATE item SET x = -x"));
  EXPECT_EQ(sizes(a), (std::vector<std::size_t>{rows_in_all, rows_in_all}));
  follow_all();
  expect_equal();
}

TEST_F(large_transaction, that_fails_leaves_nothing) {
  const auto before = a.digest();
  a.store->limits.entry_bytes_limit = 1'000;
  EXPECT_FALSE(a.write(
    {sql_statement{numbers("item SELECT i, NULL, i", 1, rows_in_all), {}},
     sql_statement{"INSERT INTO item VALUES(9000, NULL,"
                   " hex(zeroblob(1000)))",
                   {}}}));
  EXPECT_EQ(a.digest(), before);
  EXPECT_TRUE(a.entries().empty());
  ASSERT_TRUE(a.write("INSERT INTO item VALUES(1, NULL, 'fits')"));
  EXPECT_EQ(sizes(a), std::vector<std::size_t>{1});
}

TEST_F(large_transaction, on_a_follower_is_proposed_in_pieces) {
  b.elsewhere(fill("b"));
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(propose_in_pieces(b, a));
  EXPECT_EQ(sizes(a), std::vector<std::size_t>{2 * rows_in_all + 1});
  follow_all();
  expect_equal();
}

TEST_F(large_transaction, of_two_devices_at_once_both_come_whole) {
  a.elsewhere(fill("a"));
  ASSERT_TRUE(a.capture());
  b.elsewhere(fill("b"));
  ASSERT_TRUE(b.capture());
  follow_all();
  ASSERT_TRUE(propose_in_pieces(b, a));
  follow_all();
  EXPECT_EQ(a.rows("SELECT count(*), count(DISTINCT x) FROM item"),
            std::to_string(2 * rows_in_all) + "|"
              + std::to_string(2 * rows_in_all) + "\n");
  EXPECT_EQ(a.rows("SELECT count(*) FROM item JOIN pair ON item = id"
                   " WHERE x = 'b' || (n / 2)"),
            std::to_string(rows_in_all) + "\n");
  expect_equal();
}

TEST_F(large_transaction, keeps_what_does_not_fit_as_conflicts) {
  ASSERT_TRUE(a.write("INSERT INTO item VALUES(100000, NULL, 'b77')"));
  b.elsewhere(fill("b"));
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(propose_in_pieces(b, a));
  follow_all();
  EXPECT_EQ(a.rows("SELECT count(*) FROM item"),
            std::to_string(rows_in_all) + "\n");
  EXPECT_NE(a.rows("SELECT count(*) FROM lockstep_record WHERE model ="
                   " 'lockstep.conflict'"),
            "0\n");
  expect_equal();
}

TEST_F(large_transaction, is_captured_once_after_a_crash_before_the_commit) {
  a.elsewhere(fill("a"));
  a.capture_and_crash_before_commit();
  ASSERT_TRUE(a.catch_up());
  ASSERT_TRUE(a.capture());
  EXPECT_EQ(sizes(a), std::vector<std::size_t>{2 * rows_in_all + 1});
  EXPECT_TRUE(a.pending().empty());
  follow_all();
  expect_equal();
}

TEST_F(large_transaction, pending_gets_its_place_when_its_device_leads) {
  b.elsewhere(fill("b"));
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(b.take_office(test_ballot(2, 2)));
  EXPECT_EQ(sizes(b), std::vector<std::size_t>{2 * rows_in_all + 1});
  a.leads = false;
  ASSERT_TRUE(a.follow(b));
  for (auto since = a.entries().size(); since < b.entries().size();
       since = a.entries().size())
    ASSERT_TRUE(a.follow(b));
  expect_equal();
}

TEST_F(large_transaction, swaps_unique_values_within_itself) {
  a.elsewhere(fill("a"));
  ASSERT_TRUE(a.capture());
  follow_all();
  // Each takes the value that its neighbour had.
  b.elsewhere("BEGIN; UPDATE item SET x = '_' || (id % "
              + std::to_string(rows_in_all)
              + " + 1); UPDATE item SET x = 'a' || substr(x, 2); COMMIT");
  ASSERT_TRUE(b.capture());
  ASSERT_TRUE(propose_in_pieces(b, a));
  follow_all();
  EXPECT_EQ(a.rows("SELECT x FROM item WHERE id IN (1, 7000) ORDER BY id"),
            "\"a2\"\n\"a1\"\n");
  expect_equal();
}

} // namespace lockstep

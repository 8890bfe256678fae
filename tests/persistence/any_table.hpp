#pragma once

#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lockstep {

/// Tables as people declare them, written by other programs.
struct any_table : testing::Test {
  any_table() {
    a.leads = true;
  }

  void make(const std::string& schema, const std::vector<std::string>& tables) {
    if (has_reference)
      reference.exec(schema);
    for (auto* device : {&a, &b}) {
      device->elsewhere(schema);
      for (const auto& table : tables) {
        auto tracked = device->track(table);
        ASSERT_TRUE(tracked) << table << ": " << tracked.error().message;
      }
    }
  }

  /// Another program writes on one device; all end up with the same.
  void on(library_device& device, const std::string& sql) {
    device.elsewhere(sql);
    if (has_reference)
      reference.exec(sql);
    ASSERT_TRUE(device.capture());
    settle();
  }

  /// The table t is what it would be without Lockstep.
  void expect_reference() {
    SQLite::Statement rows{reference,
                           "SELECT json_group_array(json_array("
                           "quote(id), quote(x))) FROM (SELECT * FROM"
                           " t ORDER BY id, x)"};
    rows.executeStep();
    const auto expected_rows = rows.getColumn(0).getString();
    for (auto* device : {&a, &b}) {
      SQLite::Statement same{*device->store->database, rows.getQuery()};
      same.executeStep();
      EXPECT_EQ(same.getColumn(0).getString(), expected_rows);
    }
  }

  void settle() {
    ASSERT_TRUE(b.follow(a));
    auto sequenced = a.sequence(b.pending());
    ASSERT_TRUE(sequenced) << sequenced.error().message;
    ASSERT_TRUE(b.follow(a));
    EXPECT_TRUE(b.pending().empty());
    EXPECT_EQ(a.digest(), b.digest());
    EXPECT_EQ(b.rows("SELECT reason FROM lockstep_set_aside"), "");
    for (auto* device : {&a, &b})
      EXPECT_EQ(device->rows("PRAGMA foreign_key_check"), "");
  }

  void expect_rows(const std::string& sql, const std::string& rows) {
    EXPECT_EQ(a.rows(sql), rows);
    EXPECT_EQ(b.rows(sql), rows);
  }

  std::string conflicts() {
    return a.rows("SELECT count(*) FROM lockstep_record WHERE model ="
                  " 'lockstep.conflict'");
  }

  library_device a{1};
  library_device b{2};
  bool has_reference = false;
  /// The same statements without Lockstep.
  SQLite::Database reference{":memory:",
                             SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

} // namespace lockstep

#include "persistence/own_schema.hpp"

#include <array>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr std::array steps{
  migration{1, "one", "CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT)"},
  migration{2, "two",
            "CREATE INDEX by_name ON thing(name);"
            "ALTER TABLE thing ADD COLUMN size INTEGER"},
};

class own_schema : public testing::Test {
protected:
  own_schema() {
    make(steps.size());
  }

  void make(std::size_t count) {
    database_ = SQLite::Database{":memory:",
                                 SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    EXPECT_TRUE(migrate(database_, ":memory:", std::span{steps}.first(count)));
  }

  void garble(const std::string& change) {
    database_.exec("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET "
                   + change + "; PRAGMA writable_schema=RESET");
  }

  std::string complaint() {
    return own_schema_complaint(database_, steps);
  }

  SQLite::Database database_{":memory:"};
};

TEST_F(own_schema, is_fine_as_it_was_made) {
  EXPECT_EQ(complaint(), "");
  make(1);
  EXPECT_EQ(complaint(), "");
  make(0);
  EXPECT_EQ(complaint(), "");
}

TEST_F(own_schema, may_have_other_tables_beside) {
  database_.exec("CREATE TABLE other(x); CREATE TRIGGER t AFTER INSERT ON"
                 " thing BEGIN DELETE FROM other; END");
  EXPECT_EQ(complaint(), "");
}

TEST_F(own_schema, notices_another_name_of_a_column) {
  garble("sql = replace(sql, 'size', 'sizf')");
  EXPECT_EQ(complaint(), "thing is not as it was made");
}

TEST_F(own_schema, notices_what_is_missing) {
  database_.exec("DROP INDEX by_name");
  EXPECT_EQ(complaint(), "by_name is not there");
}

TEST_F(own_schema, notices_a_list_of_steps_that_has_another_name) {
  garble("name = 'lockstep_migratiom', tbl_name = 'lockstep_migratiom', sql ="
         " replace(sql, 'lockstep_migration', 'lockstep_migratiom') WHERE name"
         " = 'lockstep_migration'");
  EXPECT_EQ(complaint(),
            "the steps that made its tables are not listed as they were");
}

TEST_F(own_schema, notices_another_name_in_the_list_of_steps) {
  garble("sql = replace(sql, 'number', 'numbes') WHERE name ="
         " 'lockstep_migration'");
  EXPECT_NE(complaint(), "");
}

TEST_F(own_schema, notices_a_step_that_is_not_listed) {
  database_.exec("DELETE FROM lockstep_migration WHERE number = 1");
  EXPECT_EQ(complaint(),
            "the steps that made its tables are not listed as they were");
}

} // namespace
} // namespace lockstep

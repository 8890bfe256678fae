#include "persistence/image.hpp"
#include "persistence/sqlite_file.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

namespace {

struct images : testing::Test {
  /// An SQL expression's value, its image, and whether a column without a type
  /// that takes the image has the same value, type and bits.
  std::string travelled(const std::string& expression,
                        bool json_column = false) {
    database.exec("DELETE FROM there");
    SQLite::Statement from{database, "SELECT " + expression};
    from.executeStep();
    const auto text = to_json(from.getColumn(0), json_column).dump();
    SQLite::Statement to{database, "INSERT INTO there VALUES(?)"};
    bind_value(to, 1, to_sql_value(nlohmann::json::parse(text)));
    to.exec();
    SQLite::Statement same{database, "SELECT typeof(value) = typeof("
                                       + expression
                                       + ") AND quote(value) = quote("
                                       + expression + ") FROM there"};
    same.executeStep();
    return same.getColumn(0).getInt() != 0 ? text : "changed: " + text;
  }

  void bind(const std::string& json) {
    SQLite::Statement to{database, "INSERT INTO there VALUES(?)"};
    bind_value(to, 1, to_sql_value(nlohmann::json::parse(json)));
    to.exec();
  }

  SQLite::Database database{":memory:",
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};

private:
  void SetUp() override {
    database.exec("CREATE TABLE there(value)");
  }
};

} // namespace

TEST_F(images, every_value_travels_with_its_type) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"NULL", "null"},
    {"0", "0"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775807 - 1", "-9223372036854775808"},
    {"2.0", "2.0"},
    {"1e15", "1e+15"},
    {"0.1", "0.1"},
    {"1e308", "1e+308"},
    {"1e999", R"({"$real":"inf"})"},
    {"-1e999", R"({"$real":"-inf"})"},
    {"''", R"("")"},
    {"'a \"b\" \\ ü'", R"("a \"b\" \\ ü")"},
    {"CAST(x'610062' AS TEXT)", R"({"$text":"YQBi"})"},
    {"CAST(x'ff61' AS TEXT)", R"({"$text":"/2E="})"},
    {"CAST(x'eda080' AS TEXT)", R"({"$text":"7aCA"})"},
    {"x''", R"({"$blob":""})"},
    {"x'00ff10'", R"({"$blob":"AP8Q"})"},
    {"x'00'", R"({"$blob":"AA=="})"},
  };
  for (const auto& [expression, image] : table)
    EXPECT_EQ(travelled(expression), image) << expression;
}

TEST_F(images, reals_travel_to_the_last_bit) {
  for (double value :
       {-0.0, std::numeric_limits<double>::denorm_min(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::max(),
        1.0 / 3, 5e-310, std::nextafter(1.0, 2.0), 9007199254740993.0}) {
    SQLite::Statement from{database, "SELECT ?"};
    from.bind(1, value);
    from.executeStep();
    const auto text = to_json(from.getColumn(0), false).dump();
    SQLite::Statement back{database, "SELECT ?"};
    bind_value(back, 1, to_sql_value(nlohmann::json::parse(text)));
    back.executeStep();
    const double got = back.getColumn(0).getDouble();
    EXPECT_EQ(back.getColumn(0).getType(), SQLITE_FLOAT) << text;
    EXPECT_EQ(got, value) << text;
    EXPECT_EQ(std::signbit(got), std::signbit(value)) << text;
  }
}

TEST_F(images, a_large_blob_travels) {
  EXPECT_GT(travelled("zeroblob(1000001)").size(), 1'300'000U);
}

TEST_F(images, arrays_in_a_json_column_travel_as_arrays_where_that_is_exact) {
  EXPECT_EQ(travelled("'[1,\"a\"]'", true), R"([1,"a"])");
  EXPECT_EQ(travelled("'[1, 2]'", true), R"("[1, 2]")");
  EXPECT_EQ(travelled("'[1,1'", true), R"("[1,1")");
  EXPECT_EQ(travelled("'{\"a\":1}'", true), R"("{\"a\":1}")");
  EXPECT_EQ(travelled("'[1]'", false), R"("[1]")");
}

TEST_F(images, a_host_s_booleans_and_nested_values_are_taken) {
  bind("true");
  bind(R"({"a":[1]})");
  SQLite::Statement rows{database,
                         "SELECT group_concat(value, ' ') FROM there"};
  rows.executeStep();
  EXPECT_EQ(rows.getColumn(0).getString(), R"(1 {"a":[1]})");
}

TEST_F(images, what_makes_no_sense_is_refused) {
  EXPECT_THROW(bind(R"({"$other":"x"})"), std::invalid_argument);
  EXPECT_THROW(bind(R"({"$blob":"!"})"), std::invalid_argument);
  EXPECT_THROW(bind("18446744073709551615"), std::invalid_argument);
}

TEST_F(images, parameters_and_results_keep_their_type) {
  for (const sql_value& value :
       {sql_value{nullptr}, sql_value{std::int64_t{-5}}, sql_value{2.0},
        sql_value{std::string{"a\0b", 3}}, sql_value{std::string{}},
        sql_value{std::vector<std::uint8_t>{0, 255}},
        sql_value{std::vector<std::uint8_t>{}}}) {
    SQLite::Statement echo{database, "SELECT ?"};
    bind_value(echo, 1, value);
    echo.executeStep();
    EXPECT_EQ(to_sql_value(echo.getColumn(0)), value) << value.index();
  }
}

TEST(utf8, the_rules_of_the_standard) {
  for (const char* good : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82",
        "\xc2\x41", "\xff"})
    EXPECT_FALSE(is_valid_utf8(bad));
}

} // namespace lockstep

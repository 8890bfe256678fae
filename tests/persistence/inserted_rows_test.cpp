#include "persistence/pending_keeper.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

// Transactions of nothing but new rows, few and many: they are captured without
// a trigger's note.
namespace lockstep {

namespace {

struct inserted_rows : testing::TestWithParam<std::uint8_t> {
  void make(const std::string& table) {
    device.elsewhere(table);
    ASSERT_TRUE(device.track("item"));
  }

  static record_change new_item(std::uint8_t number, const std::string& data) {
    return {"item", test_record(number), change_type::insert, data};
  }

  [[nodiscard]] static std::vector<transaction_step>
  new_items(const std::string& data) {
    std::vector<transaction_step> steps;
    for (std::uint8_t i = 1; i <= GetParam(); ++i)
      steps.emplace_back(new_item(i, data));
    return steps;
  }

  /// What another program writes is noted by the triggers as ever.
  void expect_notes_again() {
    EXPECT_EQ(device.rows("SELECT * FROM lockstep_touched"), "");
    device.elsewhere("INSERT INTO item(uuid) VALUES('" + uuid(200) + "')");
    EXPECT_NE(device.rows("SELECT model FROM lockstep_touched"), "");
    const auto before = device.pending().size();
    ASSERT_TRUE(device.capture());
    EXPECT_EQ(device.pending().size(), before + 1);
  }

  library_device device{1};
};

struct inserted_rows_after : testing::Test {
  library_device device{1};
};

constexpr auto plain = "CREATE TABLE item(uuid TEXT PRIMARY KEY, name TEXT,"
                       " size REAL, state TEXT DEFAULT 'new')";

} // namespace

TEST_P(inserted_rows, are_captured_as_the_table_has_them) {
  make(plain);
  const auto list = device.write(new_items(R"({"size":1})"));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), GetParam());
  for (std::uint8_t i = 1; i <= GetParam(); ++i) {
    const auto& what = list->at(i - 1U);
    EXPECT_EQ(what.record, test_record(i));
    EXPECT_EQ(what.change, change_type::insert);
    EXPECT_EQ(what.data, R"({"name":null,"size":1.0,"state":"new","uuid":")"
                           + uuid(i) + R"("})");
  }
  expect_notes_again();
}

TEST_P(inserted_rows,
       are_captured_as_the_table_has_them_however_they_are_written) {
  make("CREATE TABLE item(uuid TEXT PRIMARY KEY, name TEXT, amount INTEGER,"
       " size REAL)");
  const std::string ends = R"(,"uuid":")";
  const std::vector<std::pair<std::string, std::string>> written{
    // As it is; in another order, with spaces; with what the table changes.
    {R"({"amount":1,"name":"a","size":0.5)",
     R"({"amount":1,"name":"a","size":0.5)"},
    {R"({ "size" : 5e-1, "name" : "\u00e4", "amount" : 1)",
     R"({"amount":1,"name":"ä","size":0.5)"},
    {R"({"amount":2.0,"name":7,"size":3)",
     R"({"amount":2,"name":"7","size":3.0)"},
    {R"({"amount":true,"name":null,"size":-0.0)",
     R"({"amount":1,"name":null,"size":0.0)"},
    {R"({"amount":1,"colour":"red","name":"a","size":0.5)",
     R"({"amount":1,"name":"a","size":0.5)"}};
  std::vector<transaction_step> steps;
  for (std::uint8_t i = 1; i <= GetParam(); ++i)
    steps.emplace_back(new_item(i, written[i % written.size()].first + ends
                                     + uuid(i) + R"("})"));
  const auto list = device.write(steps);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), GetParam());
  for (std::uint8_t i = 1; i <= GetParam(); ++i)
    EXPECT_EQ(list->at(i - 1U).data,
              written[i % written.size()].second + ends + uuid(i) + R"("})");
  expect_notes_again();
}

TEST_P(inserted_rows, are_captured_where_no_rowid_says_which_they_are) {
  make("CREATE TABLE item(uuid TEXT PRIMARY KEY, size REAL DEFAULT 5) WITHOUT"
       " ROWID");
  const auto list = device.write(new_items("{}"));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), GetParam());
  EXPECT_EQ(list->back().data,
            R"({"size":5.0,"uuid":")" + uuid(GetParam()) + R"("})");
  expect_notes_again();
}

TEST_P(inserted_rows, are_all_refused_where_one_is_there_twice) {
  make(plain);
  auto steps = new_items("{}");
  steps.emplace_back(new_item(1, "{}"));
  const auto list = device.write(steps);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, errc::already_exists);
  EXPECT_EQ(device.rows("SELECT * FROM item"), "");
  EXPECT_TRUE(device.pending().empty());
  expect_notes_again();
}

TEST_P(inserted_rows, are_all_refused_where_one_is_there_in_another_spelling) {
  make(plain);
  auto dashless = uuid(201);
  std::erase(dashless, '-');
  auto steps = new_items("{}");
  steps.emplace_back(new_item(201, R"({"uuid":")" + dashless + R"("})"));
  auto twice = steps;
  twice.emplace_back(new_item(201, "{}"));
  EXPECT_EQ(device.write(twice).error().code, errc::already_exists);
  EXPECT_EQ(device.rows("SELECT * FROM item"), "");
  // Also where it could not be captured.
  device.store->limits.entry_bytes_limit = 90;
  device.elsewhere("INSERT INTO item(uuid, name) VALUES('" + dashless
                   + "', 'larger than the limit, by some letters at least')");
  ASSERT_FALSE(device.capture());
  auto again = new_items("{}");
  again.emplace_back(new_item(201, "{}"));
  EXPECT_EQ(device.write(again).error().code, errc::already_exists);
  EXPECT_EQ(device.rows("SELECT count(*) FROM item"), "1\n");
}

TEST_P(inserted_rows, are_all_refused_where_one_is_too_large) {
  make(plain);
  device.store->limits.entry_bytes_limit = 90;
  auto steps = new_items("{}");
  steps.emplace_back(
    new_item(201, R"({"name":")" + std::string(60, 'x') + R"("})"));
  const auto list = device.write(steps);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, errc::too_large);
  EXPECT_EQ(device.rows("SELECT * FROM item"), "");
  device.store->limits.entry_bytes_limit = 1'000;
  expect_notes_again();
}

TEST_P(inserted_rows, are_known_to_the_next_transaction) {
  make(plain);
  ASSERT_TRUE(device.write(new_items("{}")));
  const auto list = device.write("UPDATE item SET name = 'a'");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), GetParam());
  EXPECT_EQ(list->front().change, change_type::update);
  EXPECT_EQ(list->front().changed, std::vector<std::string>{"name"});
}

TEST_P(inserted_rows, of_an_application_with_triggers_take_theirs_along) {
  make(plain);
  device.elsewhere("CREATE TRIGGER named AFTER INSERT ON item BEGIN UPDATE item"
                   " SET name = 'by trigger' WHERE uuid = NEW.uuid; END");
  const auto list = device.write(new_items("{}"));
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), GetParam());
  EXPECT_NE(list->front().data.find("by trigger"), std::string::npos);
}

TEST_P(inserted_rows, with_a_key_that_the_table_completes_are_shown_elsewhere) {
  constexpr auto table = "CREATE TABLE item(a TEXT, b TEXT NOT NULL DEFAULT '',"
                         " PRIMARY KEY(a, b))";
  make(table);
  device.leads = true;
  std::vector<transaction_step> steps;
  for (std::uint8_t i = 1; i <= GetParam(); ++i)
    steps.emplace_back(new_item(i, R"({"a":"a)" + std::to_string(i) + R"("})"));
  ASSERT_TRUE(device.write(steps));
  library_device other{2};
  other.elsewhere(table);
  ASSERT_TRUE(other.track("item"));
  ASSERT_TRUE(other.follow(device));
  const std::string all = "SELECT * FROM item ORDER BY a, b";
  EXPECT_NE(device.rows(all), "");
  EXPECT_EQ(other.rows(all), device.rows(all));
}

TEST_F(inserted_rows_after,
       a_transaction_that_was_taken_back_know_their_table) {
  device.elsewhere("CREATE TABLE item(uuid TEXT PRIMARY KEY, name TEXT)");
  ASSERT_TRUE(device.track("item"));
  ASSERT_TRUE(device.store->begin(durability::by_itself));
  library_writer writer{*device.store, [] {
                          return timestamp{};
                        }};
  pending_keeper keeper{*device.store};
  // It fails once all of it is done and looked at.
  device.store->limits.entry_bytes_limit = 100;
  const auto too_large
    = writer.run({sql_statement{"ALTER TABLE item ADD COLUMN more TEXT", {}},
                  sql_statement{"INSERT INTO item(uuid, name) VALUES(?, ?)",
                                {uuid(1), std::string(100, 'x')}}},
                 keeper);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, errc::too_large);
  ASSERT_TRUE(writer.run(
    {record_change{"item", test_record(2), change_type::insert, "{}"}},
    keeper));
  ASSERT_TRUE(device.store->commit());
  ASSERT_EQ(device.pending().size(), 1U);
  EXPECT_EQ(device.pending().front().data,
            R"({"name":null,"uuid":")" + uuid(2) + R"("})");
}

TEST_F(inserted_rows_after,
       others_of_the_same_transaction_are_noted_by_triggers) {
  device.elsewhere(plain);
  ASSERT_TRUE(device.track("item"));
  ASSERT_TRUE(device.store->begin(durability::by_itself));
  library_writer writer{*device.store, [] {
                          return timestamp{};
                        }};
  pending_keeper keeper{*device.store};
  auto insert = [&](std::uint8_t number, const std::string& data = "{}") {
    return writer.run(
      {record_change{"item", test_record(number), change_type::insert, data}},
      keeper);
  };
  auto run = [&](const std::string& sql) {
    return writer.run({sql_statement{sql, {}}}, keeper);
  };
  const auto fails = "INSERT INTO item(uuid) VALUES('" + uuid(1) + "')";
  // What fails takes back what it set.
  EXPECT_FALSE(insert(1, "[]"));
  ASSERT_TRUE(insert(1));
  EXPECT_FALSE(insert(1));
  ASSERT_TRUE(run("UPDATE item SET name = 'a'"));
  EXPECT_FALSE(run(fails));
  ASSERT_TRUE(insert(2));
  ASSERT_TRUE(insert(3));
  const auto last = run("UPDATE item SET name = 'b'");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->last, last->first + 2);
  ASSERT_TRUE(insert(4));
  EXPECT_FALSE(run(fails));
  ASSERT_TRUE(device.store->commit());
  const auto list = device.pending();
  ASSERT_EQ(list.size(), 8U);
  for (std::size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(list[i].device_sequence.value, i + 1);
  EXPECT_EQ(device.rows("SELECT * FROM lockstep_touched"), "");
  device.elsewhere("DELETE FROM item");
  ASSERT_TRUE(device.capture());
  EXPECT_EQ(device.pending().size(), 12U);
}

INSTANTIATE_TEST_SUITE_P(few_and_many, inserted_rows, testing::Values(1, 150),
                         [](const auto& each) {
                           return "rows_" + std::to_string(each.param);
                         });

} // namespace lockstep

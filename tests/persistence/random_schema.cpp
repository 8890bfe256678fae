#include "tests/persistence/random_schema.hpp"

#include "persistence/table_schema.hpp"

#include <algorithm>
#include <array>

namespace lockstep {

namespace {

using columns = std::vector<random_column>;

std::string list_of(const columns& list) {
  std::string text;
  for (const auto& column : list)
    text += (text.empty() ? "" : ", ") + column.name;
  return text;
}

/// Builds one schema; the tables' keys are chosen first, so that any table can
/// refer to any other.
class schema_maker {
public:
  explicit schema_maker(random_choice& choice) : choice_(choice) {
  }

  random_schema make() {
    const auto count = 1 + choice_.below(4);
    for (std::size_t i = 0; i < count; ++i)
      begin_table(i);
    for (std::size_t i = 0; i < count; ++i)
      end_table(i);
    for (std::size_t i = 0; i < count; ++i)
      add_indexes(i);
    add_triggers();
    add_views();
    add_words();
    return std::move(made_);
  }

private:
  /// What stands in CREATE TABLE's parentheses, and after them.
  struct parts {
    std::string columns;
    std::string constraints;
    std::string options;
  };

  random_table& table(std::size_t i) {
    return made_.tables[i];
  }

  std::string new_name(std::size_t i) {
    return choice_.word({"t", "order", "Größe", "a b", "say \"x\"", "q'q",
                         "rows.of", "select"})
           + std::to_string(i);
  }

  std::string column_name(std::size_t place) {
    return sql_name(choice_.word({"c", "C c", "ä", "where", "it's", "x.y"})
                    + std::to_string(place));
  }

  void add_column(std::size_t i, random_column column,
                  const std::string& rest) {
    auto& text = parts_[i].columns;
    text += (text.empty() ? "" : ", ") + column.name + " " + column.type + " "
            + rest;
    table(i).columns.push_back(std::move(column));
  }

  void add_constraint(std::size_t i, const std::string& text) {
    parts_[i].constraints += ", " + text;
  }

  void begin_table(std::size_t i) {
    auto& made = made_.tables.emplace_back();
    parts_.emplace_back();
    made.plain_name = new_name(i);
    made.name = sql_name(made.plain_name);
    made.is_strict = choice_.one_in(6);
    switch (choice_.below(12)) {
      case 0:
      case 1:
        return integer_key(i, "");
      case 2:
        made.wants_key = true;
        return integer_key(i, "AUTOINCREMENT");
      case 3:
        return; // The rowid only.
      case 4:
        return single_key(i, {"uuid", "TEXT", filling::uuid_text, {}, {}});
      case 5:
        return single_key(i, {"id",
                              made.is_strict ? "BLOB" : "BLOB(16)",
                              filling::uuid_blob,
                              {},
                              {}});
      case 6:
        integer_key(i, "");
        add_column(i, {"uuid", "TEXT", filling::uuid_text, {}, {}}, "UNIQUE");
        made.targets.push_back("uuid");
        return;
      case 7:
        return borrowed_key(i);
      case 8:
        return joining_key(i);
      case 9:
        return composite_key(i);
      case 10:
        return single_key(
          i, {"id",
              made.is_strict ? "INT" : choice_.word({"INT", "REAL", ""}),
              filling::key,
              {},
              {}});
      default:
        return single_key(i, {"k", "TEXT", filling::text, {}, {}});
    }
  }

  void integer_key(std::size_t i, const std::string& rest) {
    add_column(i, {"id", "INTEGER", filling::key, {}, {}},
               "PRIMARY KEY " + rest);
    key_is_done(i);
    table(i).has_integer_key = true;
  }

  void single_key(std::size_t i, random_column column) {
    const bool without_rowid = choice_.one_in(3);
    add_column(i, column,
               std::string{choice_.one_in(4) ? "COLLATE NOCASE " : ""}
                 + "PRIMARY KEY" + (choice_.one_in(2) ? " NOT NULL" : ""));
    if (without_rowid)
      leave_out_rowid(i);
    key_is_done(i);
  }

  void composite_key(std::size_t i) {
    add_column(i, {"house", "TEXT", filling::text, {}, {}}, "");
    if (auto* parent = integer_table_before(i); parent && choice_.one_in(2))
      refer(i, "no", *parent, "NOT NULL");
    else
      add_column(i, {"no", "INTEGER", filling::key, {}, {}}, "");
    composite_key_of_columns(i);
  }

  void joining_key(std::size_t i) {
    auto* one = integer_table_before(i);
    if (one == nullptr)
      return composite_key(i);
    refer(i, "one", *one, "");
    refer(i, "other", *integer_table_before(i), "");
    composite_key_of_columns(i);
  }

  void composite_key_of_columns(std::size_t i) {
    add_constraint(i, "PRIMARY KEY(" + list_of(table(i).columns) + ")");
    if (choice_.one_in(2))
      leave_out_rowid(i);
    key_is_done(i);
  }

  void borrowed_key(std::size_t i) {
    auto* parent = integer_table_before(i);
    if (parent == nullptr)
      return integer_key(i, "");
    refer(i, "id", *parent, "PRIMARY KEY");
    key_is_done(i);
    table(i).has_integer_key = true;
    table(i).wants_key = true;
  }

  void key_is_done(std::size_t i) {
    table(i).key = table(i).columns;
    table(i).targets.push_back(list_of(table(i).columns));
  }

  void leave_out_rowid(std::size_t i) {
    table(i).is_without_rowid = true;
    parts_[i].options = "WITHOUT ROWID";
  }

  random_table* integer_table_before(std::size_t i) {
    std::vector<random_table*> found;
    for (std::size_t j = 0; j < i; ++j)
      if (table(j).has_integer_key)
        found.push_back(&table(j));
    return found.empty() ? nullptr : choice_.of(found);
  }

  std::string actions() {
    std::string text;
    for (const auto* event : {" ON DELETE ", " ON UPDATE "})
      if (choice_.one_in(2))
        text += event
                + choice_.word({"CASCADE", "CASCADE", "SET NULL", "SET DEFAULT",
                                "RESTRICT", "NO ACTION"});
    if (choice_.one_in(3))
      text += " DEFERRABLE INITIALLY DEFERRED";
    return text;
  }

  void refer(std::size_t i, const std::string& name, const random_table& parent,
             const std::string& rest) {
    add_column(
      i, {name, "INTEGER", filling::key, parent.name, parent.key.front().name},
      rest + " REFERENCES " + parent.name
        + (choice_.one_in(2) ? "" : "(" + list_of(parent.key) + ")")
        + actions());
  }

  /// Columns that refer to the key of any table, its own and later ones too.
  void add_reference(std::size_t i, std::size_t place) {
    const auto parent = table(choice_.below(made_.tables.size()));
    if (parent.key.empty())
      return;
    columns from;
    for (const auto& column : parent.key) {
      random_column child{column_name(place++), column.type, column.values,
                          parent.name, column.name};
      if (table(i).is_strict && !parent.is_strict)
        child.type = "ANY";
      add_column(i, child, "");
      from.push_back(child);
    }
    add_constraint(
      i, "FOREIGN KEY(" + list_of(from) + ") REFERENCES " + parent.name
           + (choice_.one_in(2) ? "" : "(" + list_of(parent.key) + ")")
           + actions());
  }

  void add_plain(std::size_t i, std::size_t place) {
    struct kind {
      const char* type;
      filling values;
      const char* standard;
    };
    static const std::vector<kind> kinds{
      {"INTEGER", filling::integer, "7"}, {"REAL", filling::real, "0.5"},
      {"TEXT", filling::text, "'none'"},  {"BLOB", filling::blob, "x'ab'"},
      {"ANY", filling::any, "'any'"},     {"", filling::any, "1"},
      {"NUMERIC", filling::any, "2"},     {"VARCHAR(10)", filling::text, "''"},
      {"JSON", filling::text, "'[1]'"}};
    const auto& chosen
      = kinds[choice_.below(table(i).is_strict ? 5 : kinds.size())];
    random_column column{
      column_name(place), chosen.type, chosen.values, {}, {}};
    std::string rest;
    if (choice_.one_in(5))
      rest += std::string{" NOT NULL DEFAULT "} + chosen.standard;
    else if (choice_.one_in(4))
      rest += std::string{" DEFAULT "} + chosen.standard;
    if (choice_.one_in(5))
      rest += " COLLATE " + choice_.word({"NOCASE", "RTRIM"});
    if (choice_.one_in(6)) {
      rest += " UNIQUE";
      table(i).targets.push_back(column.name);
    }
    if (choice_.one_in(6))
      rest += " CHECK(" + column.name + " IS NOT '1.0')";
    add_column(i, column, rest);
    if (choice_.one_in(6))
      add_generated(i, column, place);
  }

  void add_generated(std::size_t i, const random_column& from,
                     std::size_t place) {
    const auto name = "g" + std::to_string(place);
    parts_[i].columns
      += ", " + name + (table(i).is_strict ? " ANY" : "") + " AS ("
         + choice_.word({"length(", "hex(", "typeof("}) + from.name + ")) "
         + choice_.word({"STORED", "VIRTUAL"})
         + (choice_.one_in(4) ? " UNIQUE" : "");
  }

  void end_table(std::size_t i) {
    std::size_t place = 0;
    for (auto left = choice_.below(3); left > 0; --left, place += 10)
      add_reference(i, place);
    auto left = choice_.below(4) + (table(i).columns.empty() ? 1 : 0);
    if (choice_.one_in(60))
      left = 200;
    for (; left > 0; --left)
      add_plain(i, place++);
    if (choice_.one_in(5)) {
      const columns both{table(i).some(choice_), table(i).some(choice_)};
      if (both[0].name != both[1].name)
        add_constraint(i, "UNIQUE(" + list_of(both) + ")");
    }
    auto& [inside, constraints, options] = parts_[i];
    if (table(i).is_strict)
      options += options.empty() ? "STRICT" : ", STRICT";
    made_.statements.push_back("CREATE TABLE " + table(i).name + "(" + inside
                               + constraints + ") " + options);
  }

  std::string indexed(const random_table& on, const random_column& column) {
    // Of a number that SQLite chooses, nobody hears before it replaces a row.
    if (on.has_integer_key && column.name == on.key.front().name)
      return column.name;
    switch (choice_.below(6)) {
      case 0:
        return "lower(" + column.name + ")";
      case 1:
        return "coalesce(" + column.name + ", 'it''s, (none')";
      case 2:
        return "substr(" + column.name + ", 1, 2) COLLATE NOCASE";
      case 3:
        return column.name + " COLLATE NOCASE DESC";
      default:
        return column.name;
    }
  }

  void add_indexes(std::size_t i) {
    for (auto left = choice_.below(3); left > 0; --left) {
      const auto& column = table(i).some(choice_);
      std::string text = indexed(table(i), column);
      if (choice_.one_in(3))
        text += ", " + indexed(table(i), table(i).some(choice_));
      std::string where;
      if (choice_.one_in(3))
        where
          = " WHERE " + table(i).some(choice_).name + " "
            + choice_.word({"IS NOT NULL", "> 1", "<> 'a'", "IN (1, 'b', 2)"});
      made_.statements.push_back(
        "CREATE " + choice_.word({"UNIQUE ", "UNIQUE ", ""}) + "INDEX "
        + sql_name("index " + std::to_string(made_.statements.size())) + " ON "
        + table(i).name + "(" + text + ")" + where);
    }
  }

  /// What a trigger does: to a table that is tracked, or to one that is not.
  std::string action() {
    const auto& target = choice_.of(made_.tables);
    // What moves rows to other numbers may make what sets it off a conflict.
    const auto& column
      = target.has_integer_key ? target.columns.back() : target.some(choice_);
    if (target.has_integer_key && target.columns.size() == 1)
      return "INSERT INTO own_notes VALUES(1)";
    switch (choice_.below(5)) {
      case 0:
        return "INSERT INTO own_notes VALUES('"
               + std::to_string(choice_.below(9)) + "')";
      case 1:
        return "INSERT OR IGNORE INTO " + target.name + "(" + column.name
               + ") VALUES(" + random_value(column, choice_) + ")";
      case 2:
        return "DELETE FROM " + target.name + " WHERE " + column.name + " = "
               + random_value(column, choice_);
      default:
        return "UPDATE OR IGNORE " + target.name + " SET " + column.name + " = "
               + random_value(column, choice_) + " WHERE "
               + target.some(choice_).name + " = "
               + random_value(target.some(choice_), choice_);
    }
  }

  void add_triggers() {
    made_.statements.push_back("CREATE TABLE own_notes(what)");
    for (auto left = choice_.below(4); left > 1; --left) {
      const auto& on = choice_.of(made_.tables);
      std::string text = "CREATE TRIGGER "
                         + sql_name("trigger " + std::to_string(left)) + " "
                         + choice_.word({"AFTER", "AFTER", "BEFORE"}) + " "
                         + choice_.word({"INSERT", "UPDATE", "DELETE"}) + " ON "
                         + on.name + " BEGIN " + action() + "; ";
      if (choice_.one_in(3))
        text += action() + "; ";
      made_.statements.push_back(text + "END");
    }
  }

  void add_views() {
    if (!choice_.one_in(4))
      return;
    const auto& on = made_.tables.front();
    std::string values;
    for (const auto& column : on.columns)
      values += (values.empty() ? "NEW." : ", NEW.") + column.name;
    made_.statements.push_back("CREATE VIEW \"the view\" AS SELECT "
                               + list_of(on.columns) + " FROM " + on.name);
    made_.statements.push_back(
      "CREATE TRIGGER through INSTEAD OF INSERT ON \"the view\" BEGIN INSERT"
      " INTO "
      + on.name + "(" + list_of(on.columns) + ") VALUES(" + values + "); END");
    made_.views.push_back("\"the view\"");
  }

  void add_words() {
    const auto& on = made_.tables.front();
    if (!choice_.one_in(5) || !on.has_integer_key)
      return;
    const auto found
      = std::find_if(on.columns.begin(), on.columns.end(), [](const auto& one) {
          return one.values == filling::text && one.type == "TEXT";
        });
    if (found == on.columns.end())
      return;
    made_.words = "words";
    const auto& name = found->name;
    const std::string forget = "INSERT INTO words(words, rowid, " + name
                               + ") VALUES('delete', OLD.id, OLD." + name
                               + "); ";
    const std::string add = "INSERT INTO words(rowid, " + name
                            + ") VALUES(NEW.id, NEW." + name + "); ";
    made_.statements.push_back("CREATE VIRTUAL TABLE words USING fts5(" + name
                               + ", content=" + on.name
                               + ", content_rowid=id)");
    for (const auto& [event, body] :
         {std::pair{"INSERT", add}, std::pair{"DELETE", forget},
          std::pair{"UPDATE", forget + add}})
      made_.statements.push_back("CREATE TRIGGER words_" + std::string{event}
                                 + " AFTER " + event + " ON " + on.name
                                 + " BEGIN " + body + "END");
  }

  random_choice& choice_;
  random_schema made_;
  std::vector<parts> parts_;
};

} // namespace

random_schema make_random_schema(random_choice& choice) {
  return schema_maker{choice}.make();
}

std::string random_value(const random_column& column, random_choice& choice) {
  // What is no number for an INTEGER PRIMARY KEY ends a statement of several
  // rows halfway where no trigger is.
  const bool is_number
    = column.values == filling::key && column.type == "INTEGER";
  switch (choice.one_in(12) && !is_number ? filling::any : column.values) {
    case filling::key:
      return choice.word({"1", "2", "3", "4", "5", "6", "7", "8"});
    case filling::integer:
      return choice.word({"0", "1", "2", "3", "4", "-1", "NULL",
                          "9007199254740993", "9223372036854775807",
                          "-9223372036854775808"});
    case filling::real:
      return choice.word({"0.1", "1.0", "-0.0", "9e999", "-9e999", "5e-324",
                          "1e300", "0.1 + 0.2", "1.5", "NULL"});
    case filling::text:
      return choice.word({"'a'", "'A'", "'b'", "'B'", "'a '", "''", "'ä'",
                          "'a,b%2C'", "'1'", "'1.0'", "'[1]'", "NULL",
                          "CAST(x'610062' AS TEXT)", "CAST(x'ff00' AS TEXT)"});
    case filling::blob:
      return choice.word(
        {"x''", "x'00'", "x'61'", "x'610062'", "zeroblob(3000)", "NULL"});
    case filling::uuid_text:
      return choice.word({"'018f0000-0000-7000-8000-000000000001'",
                          "'018f0000-0000-7000-8000-000000000002'",
                          "'018f0000-0000-7000-8000-00000000000a'",
                          "'018F0000-0000-7000-8000-00000000000A'",
                          "'018f000000007000800000000000000b'"});
    case filling::uuid_blob:
      return choice.word({"x'018f0000000070008000000000000001'",
                          "x'018f0000000070008000000000000002'",
                          "x'018f0000000070008000000000000003'",
                          "x'018f0000000070008000000000000004'"});
    case filling::any:
      break;
  }
  return choice.word(
    {"NULL", "1", "2", "1.0", "'1'", "'a'", "x'61'", "1.5", "'b'", "3", "4"});
}

} // namespace lockstep

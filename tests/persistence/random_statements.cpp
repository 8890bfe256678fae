#include "tests/persistence/random_statements.hpp"

namespace lockstep {

namespace {

class statement_maker {
public:
  statement_maker(const random_schema& schema, random_choice& choice,
                  bool given_keys)
    : schema_(schema), choice_(choice), given_keys_(given_keys),
      table_(choice.of(schema.tables)) {
  }

  std::string make() {
    switch (choice_.below(16)) {
      case 0:
        return "DELETE FROM " + table_.name + " WHERE " + condition();
      case 1:
        return choice_.one_in(4) ? "DELETE FROM " + table_.name
                                 : "DELETE FROM " + table_.name + " WHERE "
                                     + condition() + " AND " + condition();
      case 2:
      case 3:
      case 4:
        return update();
      case 5:
        return update_of_key();
      case 6:
        return update_from();
      case 7:
        return insert_selected();
      case 8:
      case 9:
        return upsert();
      default:
        return insert();
    }
  }

private:
  /// A value for a column; for a reference mostly one that is there.
  std::string value(const random_column& column) {
    if (column.parent.empty() || choice_.one_in(5))
      return random_value(column, choice_);
    return "(SELECT " + column.parent_column + " FROM " + column.parent
           + " ORDER BY " + column.parent_column + " LIMIT 1 OFFSET "
           + std::to_string(choice_.below(3)) + ")";
  }

  std::string condition() {
    const auto& column = choice_.one_in(2) || table_.key.empty()
                           ? table_.some(choice_)
                           : choice_.of(table_.key);
    switch (choice_.below(5)) {
      case 0:
        return column.name + " IS NULL";
      case 1:
        return column.name + choice_.word({" > ", " < ", " <> "})
               + random_value(column, choice_);
      default:
        return column.name + " = " + random_value(column, choice_);
    }
  }

  bool is_key(const random_column& column) const {
    for (const auto& part : table_.key)
      if (part.name == column.name)
        return true;
    return false;
  }

  /// The columns of an INSERT: the key, as a rule, and some of the others.
  std::vector<random_column> chosen_columns() {
    std::vector<random_column> list;
    const bool whole_key = !table_.has_integer_key
                           || (given_keys_ && table_.wants_key)
                           || !choice_.one_in(3);
    for (const auto& column : table_.columns)
      if (is_key(column) ? whole_key : !choice_.one_in(3))
        list.push_back(column);
    if (list.empty())
      list.push_back(table_.columns.front());
    return list;
  }

  static std::string names_of(const std::vector<random_column>& list) {
    std::string text;
    for (const auto& column : list)
      text += (text.empty() ? "" : ", ") + column.name;
    return text;
  }

  std::string into() {
    return choice_.word({"INSERT INTO ", "INSERT INTO ",
                         "INSERT OR REPLACE INTO ", "INSERT OR REPLACE INTO ",
                         "INSERT OR IGNORE INTO ", "REPLACE INTO ",
                         "INSERT OR FAIL INTO "})
           + (!schema_.views.empty() && &table_ == &schema_.tables.front()
                  && choice_.one_in(4)
                ? schema_.views.front()
                : table_.name);
  }

  std::string rows_of(const std::vector<random_column>& list) {
    std::string text;
    for (auto left = 1 + choice_.below(3); left > 0; --left) {
      std::string row;
      for (const auto& column : list)
        row += (row.empty() ? "" : ", ") + value(column);
      text += (text.empty() ? "(" : ", (") + row + ")";
    }
    return text;
  }

  std::string insert() {
    const auto list = chosen_columns();
    return into() + "(" + names_of(list) + ") VALUES" + rows_of(list);
  }

  std::string insert_selected() {
    const auto list = chosen_columns();
    std::string values;
    for (const auto& column : list)
      values += (values.empty() ? "" : ", ")
                + (is_key(column) && column.values == filling::key
                     ? column.name + " + 1"
                   : choice_.one_in(3) ? value(column)
                                       : column.name);
    return into() + "(" + names_of(list) + ") SELECT " + values + " FROM "
           + table_.name + " WHERE " + condition() + ordered();
  }

  /// An order in which rows that differ never change places.
  std::string ordered() {
    std::string text;
    for (const auto& column : table_.columns)
      text += (text.empty() ? " ORDER BY " : ", ") + column.name
              + " COLLATE BINARY";
    return text;
  }

  std::string upsert() {
    if (table_.targets.empty())
      return insert();
    const auto list = chosen_columns();
    return "INSERT INTO " + table_.name + "(" + names_of(list) + ") VALUES"
           + rows_of(list) + " ON CONFLICT(" + choice_.of(table_.targets)
           + ") DO "
           + (choice_.one_in(4) ? "NOTHING" : "UPDATE SET " + assignments());
  }

  std::string assignments() {
    std::string text;
    for (auto left = 1 + choice_.below(3); left > 0; --left) {
      const auto& column = table_.some(choice_);
      text += (text.empty() ? "" : ", ") + column.name + " = " + value(column);
    }
    return text;
  }

  std::string update_table() {
    return choice_.word({"UPDATE ", "UPDATE ", "UPDATE OR REPLACE ",
                         "UPDATE OR REPLACE ", "UPDATE OR IGNORE "})
           + table_.name + " SET ";
  }

  std::string update() {
    return update_table() + assignments() + " WHERE " + condition();
  }

  std::string update_of_key() {
    if (table_.key.empty())
      return update();
    const auto& column = choice_.of(table_.key);
    if (column.values == filling::key && choice_.one_in(2))
      return update_table() + column.name + " = " + column.name
             + choice_.word({" + 1", " + 10", " - 1"}) + " WHERE "
             + condition();
    return update_table() + column.name + " = " + value(column) + " WHERE "
           + condition();
  }

  std::string update_from() {
    const auto& other = choice_.of(schema_.tables);
    const auto& column = table_.some(choice_);
    const auto& from = other.some(choice_);
    return "UPDATE " + table_.name + " SET " + column.name
           + " = (other.it) FROM (SELECT max(" + from.name + ") AS it FROM "
           + other.name + ") AS other WHERE other.it IS NOT NULL AND "
           + table_.name + "." + table_.some(choice_).name + " IS NOT NULL";
  }

  const random_schema& schema_;
  random_choice& choice_;
  bool given_keys_;
  const random_table& table_;
};

} // namespace

std::vector<std::string> random_script(const random_schema& schema,
                                       random_choice& choice, bool given_keys) {
  std::vector<std::string> script;
  const bool together = !choice.one_in(4);
  if (together)
    script.emplace_back(choice.word({"BEGIN", "BEGIN IMMEDIATE"}));
  bool saved = false;
  for (auto left = 1 + choice.below(6); left > 0; --left) {
    script.push_back(statement_maker{schema, choice, given_keys}.make());
    if (together && !saved && choice.one_in(8)) {
      script.emplace_back("SAVEPOINT here");
      saved = true;
    }
  }
  if (saved)
    script.emplace_back(
      choice.word({"RELEASE here", "ROLLBACK TO here", "ROLLBACK TO here"}));
  if (together)
    script.emplace_back(choice.one_in(6) ? "ROLLBACK" : "COMMIT");
  return script;
}

} // namespace lockstep

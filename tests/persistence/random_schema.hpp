#pragma once

#include "tests/persistence/random_choice.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// What values a column is given most of the time.
enum class filling {
  integer,
  key,
  real,
  text,
  blob,
  any,
  uuid_text,
  uuid_blob
};

/// A column that statements may write; names are as SQL writes them.
struct random_column {
  std::string name;
  std::string type;
  filling values = filling::any;
  /// The column that it refers to; empty if none.
  std::string parent;
  std::string parent_column;
};

struct random_table {
  std::string plain_name;
  std::string name; ///< As SQL writes it.
  std::vector<random_column> columns;
  std::vector<random_column> key; ///< Of the columns; none: only the rowid.
  /// What an upsert may name as the conflict.
  std::vector<std::string> targets;
  bool is_strict = false;
  bool is_without_rowid = false;
  /// The INTEGER PRIMARY KEY stands for the rowid.
  bool has_integer_key = false;
  /// Numbers must be given, as what SQLite would give depends on the past.
  bool wants_key = false;

  [[nodiscard]] const random_column& some(random_choice& choice) const {
    return choice.of(columns);
  }
};

/// Tables as people declare them, with all that SQLite offers.
struct random_schema {
  std::vector<std::string> statements;
  /// Tables that are tracked; those that a key refers to come first.
  std::vector<random_table> tables;
  /// Views that rows can be inserted into, each like the table of its place.
  std::vector<std::string> views;
  /// A full-text index that triggers keep, or empty.
  std::string words;
};

random_schema make_random_schema(random_choice& choice);

/// A value as SQL writes it; a wrong one for the column now and then.
std::string random_value(const random_column& column, random_choice& choice);

} // namespace lockstep

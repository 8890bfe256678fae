#include "persistence/noted_key.hpp"

#include <charconv>
#include <cstdlib>

namespace lockstep {

namespace {

std::string note_of_value(const std::string& value) {
  return "CASE typeof(" + value + ") WHEN 'text' THEN 't' || replace(replace("
         + value + ", '%', '%25'), ',', '%2C') WHEN 'integer' THEN 'i' || "
         + value + " WHEN 'real' THEN 'r' || quote(" + value
         + ") WHEN 'blob' THEN 'b' || hex(" + value + ") ELSE 'n' END";
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "%25" || text.substr(i, 3) == "%2C") {
      out += text[i + 2] == '5' ? '%' : ',';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

int digit_of(char hex) {
  return hex <= '9' ? hex - '0' : hex - 'A' + 10;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(digit_of(text[i]) * 16
                                              + digit_of(text[i + 1])));
  return bytes;
}

std::optional<sql_value> read_value(std::string_view text) {
  if (text.empty())
    return std::nullopt;
  const auto rest = text.substr(1);
  switch (text.front()) {
    case 't':
      return unescaped(rest);
    case 'b':
      return from_hex(rest);
    case 'r':
      return std::strtod(std::string{rest}.c_str(), nullptr);
    case 'n':
      return nullptr;
    case 'i': {
      std::int64_t number = 0;
      std::from_chars(rest.data(), rest.data() + rest.size(), number);
      return number;
    }
    default:
      return std::nullopt;
  }
}

} // namespace

std::string note_of_key(const tracked_table_schema& schema,
                        std::string_view row) {
  const auto at = std::string{row} + ".";
  const auto number = schema.number.empty() ? "" : at + schema.number;
  if (schema.kind == key_kind::integer)
    return number;
  std::string values;
  std::string is_null;
  for (const auto& column : schema.key_columns) {
    const auto value = at + sql_name(column);
    values += (values.empty() ? "" : " || ',' || ") + note_of_value(value);
    is_null += (is_null.empty() ? "" : " OR ") + value + " IS NULL";
  }
  if (number.empty())
    return values;
  return "CASE WHEN " + is_null + " THEN " + number + " ELSE " + values
         + " END";
}

std::optional<noted_key> read_note(const sql_value& note) {
  if (const auto* number = std::get_if<std::int64_t>(&note))
    return *number;
  const auto* text = std::get_if<std::string>(&note);
  if (text == nullptr)
    return std::nullopt;
  key_values values;
  std::string_view rest = *text;
  while (true) {
    const auto end = rest.find(',');
    auto value = read_value(rest.substr(0, end));
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
    if (end == std::string_view::npos)
      return values;
    rest.remove_prefix(end + 1);
  }
}

std::string where_exactly(const std::vector<std::string>& columns) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto name = sql_name(columns[i]);
    const auto value = "?" + std::to_string(i + 1);
    text += (text.empty() ? "" : " AND ") + is_exactly(name, value);
  }
  return text;
}

std::string is_exactly(const std::string& column, const std::string& value) {
  return column + " = " + value + " AND " + column + " = " + value
         + " COLLATE BINARY AND typeof(" + column + ") = typeof(" + value + ")";
}

} // namespace lockstep

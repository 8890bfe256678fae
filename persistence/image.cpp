#include "persistence/image.hpp"

#include <openssl/evp.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace lockstep {

namespace {

std::string to_base64(const void* bytes, std::size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0');
  const int written = EVP_EncodeBlock(
    reinterpret_cast<unsigned char*>(text.data()),
    static_cast<const unsigned char*>(bytes), static_cast<int>(size));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

std::string from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int written
    = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (written < 0)
    throw std::invalid_argument{"A value is not valid base64."};
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size()
         && text[text.size() - 1 - padding] == '=')
    ++padding;
  bytes.resize(static_cast<std::size_t>(written) - padding);
  return bytes;
}

nlohmann::json real_to_json(double value) {
  if (std::isinf(value))
    return {{"$real", value > 0 ? "inf" : "-inf"}};
  return value;
}

nlohmann::json text_to_json(std::string_view text, bool json_column) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos)
    return {{"$text", to_base64(text.data(), text.size())}};
  if (json_column && !text.empty() && text.front() == '[') {
    auto array = nlohmann::json::parse(text, nullptr, false);
    if (!array.is_discarded() && array.dump() == text)
      return array;
  }
  return std::string{text};
}

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

sql_value from_tagged(const std::string& tag, const std::string& value) {
  if (tag == "$blob")
    return bytes_of(from_base64(value));
  if (tag == "$text")
    return from_base64(value);
  if (tag == "$real") {
    const double infinity = std::numeric_limits<double>::infinity();
    return value == "-inf" ? -infinity : infinity;
  }
  throw std::invalid_argument{"A value has the unknown tag " + tag + "."};
}

} // namespace

bool is_valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    std::size_t more = 0;
    std::uint32_t point = lead;
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (lead >= 0xc2 && lead < 0xe0) {
      more = 1;
      point = lead & 0x1fU;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      more = 2;
      point = lead & 0x0fU;
    } else if (lead >= 0xf0 && lead < 0xf5) {
      more = 3;
      point = lead & 0x07U;
    } else {
      return false;
    }
    if (at + more >= text.size())
      return false;
    for (std::size_t i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if ((next & 0xc0U) != 0x80)
        return false;
      point = point << 6 | (next & 0x3fU);
    }
    const bool overlong
      = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
      return false;
    at += more + 1;
  }
  return true;
}

nlohmann::json blob_to_json(const void* bytes, std::size_t size) {
  return {{"$blob", to_base64(bytes, size)}};
}

nlohmann::json to_json(const SQLite::Column& value, bool json_column) {
  switch (value.getType()) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(value.getInt64());
    case SQLITE_FLOAT:
      return real_to_json(value.getDouble());
    case SQLITE_TEXT: {
      const char* text = value.getText();
      return text_to_json({text, static_cast<std::size_t>(value.getBytes())},
                          json_column);
    }
    case SQLITE_BLOB: {
      const void* bytes = value.getBlob();
      return blob_to_json(bytes, static_cast<std::size_t>(value.getBytes()));
    }
    default:
      return nullptr;
  }
}

nlohmann::json to_json(const sql_value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return *integer;
  if (const auto* real = std::get_if<double>(&value))
    return real_to_json(*real);
  if (const auto* text = std::get_if<std::string>(&value))
    return text_to_json(*text, false);
  if (const auto* blob = std::get_if<std::vector<std::uint8_t>>(&value))
    return blob_to_json(blob->data(), blob->size());
  return nullptr;
}

sql_value to_sql_value(const nlohmann::json& value) {
  using kind = nlohmann::json::value_t;
  switch (value.type()) {
    case kind::null:
      return nullptr;
    case kind::boolean:
      return std::int64_t{value.get<bool>() ? 1 : 0};
    case kind::number_unsigned:
      if (value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
        throw std::invalid_argument{
          "The number " + value.dump()
          + " does not fit into 64 bits with a sign."};
      [[fallthrough]];
    case kind::number_integer:
      return value.get<std::int64_t>();
    case kind::number_float:
      return value.get<double>();
    case kind::string:
      return value.get_ref<const std::string&>();
    case kind::object:
      if (value.size() == 1 && value.begin().key().starts_with('$')
          && value.begin().value().is_string())
        return from_tagged(value.begin().key(),
                           value.begin().value().get_ref<const std::string&>());
      [[fallthrough]];
    default:
      return value.dump();
  }
}

sql_value to_sql_value(const SQLite::Column& value) {
  switch (value.getType()) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(value.getInt64());
    case SQLITE_FLOAT:
      return value.getDouble();
    case SQLITE_TEXT: {
      const char* text = value.getText();
      return std::string{text, static_cast<std::size_t>(value.getBytes())};
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(value.getBlob());
      return std::vector<std::uint8_t>{bytes, bytes + value.getBytes()};
    }
    default:
      return nullptr;
  }
}

void bind_value(SQLite::Statement& statement, int index,
                const sql_value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    statement.bind(index, *integer);
  else if (const auto* real = std::get_if<double>(&value))
    statement.bind(index, *real);
  else if (const auto* text = std::get_if<std::string>(&value))
    statement.bind(index, *text);
  else if (const auto* blob = std::get_if<std::vector<std::uint8_t>>(&value))
    // Without an address SQLite would take an empty blob for NULL.
    statement.bind(index,
                   blob->empty() ? "" : static_cast<const void*>(blob->data()),
                   static_cast<int>(blob->size()));
  else
    statement.bind(index);
}

} // namespace lockstep

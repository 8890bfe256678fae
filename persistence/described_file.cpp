#include "persistence/described_file.hpp"

#include "persistence/atomic_file.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace lockstep {

namespace {

constexpr std::size_t longest_name = 100;

using json = nlohmann::json;

/// C0, DEL, and C1 as its two bytes of UTF-8.
bool has_control_characters(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7f)
      return true;
    if (byte == 0xc2 && i + 1 < name.size()
        && static_cast<unsigned char>(name[i + 1]) < 0xa0)
      return true;
  }
  return false;
}

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(json(text).dump());
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
    std::count_if(utf8.begin(), utf8.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

} // namespace

expected<json> read_described(const std::filesystem::path& file, int known) {
  auto text = read_file(file);
  if (!text)
    return tl::make_unexpected(text.error());
  auto content = json::parse(*text, nullptr, false);
  if (!content.is_object() || !content.contains("format")
      || !content["format"].is_number_integer())
    return fail(errc::corrupt, file.string()
                                 + " is damaged: it is no JSON object with a "
                                   "format; restore it from a copy.");
  auto format = content["format"].get<std::int64_t>();
  if (format > known)
    return fail(errc::newer_format,
                file.string() + " has format " + std::to_string(format)
                  + ", this Lockstep knows up to " + std::to_string(known)
                  + "; use a newer Lockstep. Nothing was changed.");
  if (format < 1)
    return fail(errc::corrupt, file.string() + " is damaged: its format is "
                                 + std::to_string(format)
                                 + "; restore it from a copy.");
  return content;
}

expected<void> write_described(const std::filesystem::path& file,
                               const json& content) {
  try {
    return write_file_atomically(file, content.dump(2) + "\n");
  } catch (const json::exception&) {
    return fail(errc::invalid_argument,
                "Cannot write " + file.string()
                  + ": its names and paths must be valid UTF-8.");
  }
}

std::string to_text(wall_time value) {
  auto day = std::chrono::floor<std::chrono::days>(value);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss time{value - day};
  std::array<char, 64> text{};
  auto length = std::snprintf(
    text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
    static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
    static_cast<int>(time.minutes().count()),
    static_cast<int>(time.seconds().count()),
    static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<wall_time> parse_wall_time(std::string_view text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  int milliseconds = 0;
  if (std::sscanf(std::string{text}.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ",
                  &year, &month, &day, &hours, &minutes, &seconds,
                  &milliseconds)
      != 7)
    return std::nullopt;
  std::chrono::year_month_day date{
    std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok())
    return std::nullopt;
  wall_time value = std::chrono::sys_days{date} + std::chrono::hours{hours}
                    + std::chrono::minutes{minutes}
                    + std::chrono::seconds{seconds}
                    + std::chrono::milliseconds{milliseconds};
  // Only the one way of writing it is accepted: no 61st second, no rest.
  if (to_text(value) != text)
    return std::nullopt;
  return value;
}

expected<void> check_name(std::string_view what, std::string_view name) {
  std::string start{what};
  if (name.empty())
    return fail(errc::invalid_argument, start + " must not be empty.");
  if (!is_utf8(name))
    return fail(errc::invalid_argument, start + " must be valid UTF-8.");
  if (count_characters(name) > longest_name)
    return fail(errc::invalid_argument, start + " must have at most "
                                          + std::to_string(longest_name)
                                          + " characters.");
  if (has_control_characters(name) || name.find('/') != std::string_view::npos)
    return fail(errc::invalid_argument,
                start + " must have no control characters and no slash.");
  return {};
}

} // namespace lockstep

#include "config/settings_text.hpp"

#include "config/settings_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

namespace lockstep {

namespace {

struct unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

/// From large to small.
constexpr std::array<unit, 7> units{{{"d", 86'400'000'000'000},
                                     {"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

std::string quoted(std::string_view text) {
  return "'" + std::string{text} + "'";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// All of `text` as a whole number, or nothing.
std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  auto end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end)
    return std::nullopt;
  return number;
}

/// How many letters to add, take or change to come from `a` to `b`.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

/// The keys that look like `key`, best first, at most three.
std::string nearest_keys(std::string_view key) {
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto& row : settings_table()) {
    auto field = row.key.substr(row.key.find('.') + 1);
    near.emplace_back(
      std::min(edits_between(key, row.key), edits_between(key, field)),
      row.key);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
  std::string list;
  for (std::size_t i = 0; i < 3 && near[i].first <= near[0].first + 2; ++i)
    list += (list.empty() ? "" : ", ") + std::string{near[i].second};
  return list;
}

std::string text_of(const setting_row& row, std::int64_t value) {
  const auto index = static_cast<std::size_t>(value);
  if (index < row.words.size())
    return std::string{row.words[index]};
  return row.is_duration ? to_text(duration{value}) : std::to_string(value);
}

std::string choice_of(std::span<const std::string_view> words) {
  std::string list;
  for (const auto word : words)
    list += (list.empty() ? "" : " or ") + std::string{word};
  return list;
}

tl::unexpected<failure> wrong_value(const setting_row& row,
                                    std::string_view value,
                                    const std::string& why) {
  return fail(errc::invalid_argument, std::string{row.key} + " cannot be "
                                        + quoted(value) + ": " + why + ".");
}

expected<std::int64_t> parse_value(const setting_row& row,
                                   std::string_view text) {
  if (!row.words.empty()) {
    const auto found = std::ranges::find(row.words, text);
    if (found == row.words.end())
      return wrong_value(row, text, "write " + choice_of(row.words));
    return found - row.words.begin();
  }
  if (row.is_duration) {
    auto value = parse_duration(text);
    if (!value)
      return wrong_value(row, text,
                         "write a duration such as 200ms, 30s, 10m or 30d");
    return value->count();
  }
  auto value = whole_number(text);
  if (!value)
    return wrong_value(row, text, "write a whole number");
  return *value;
}

expected<void> check_range(const setting_row& row, std::int64_t value) {
  if (value < row.least)
    return wrong_value(row, text_of(row, value),
                       "the least is " + text_of(row, row.least));
  if (value > row.most)
    return wrong_value(row, text_of(row, value),
                       "the most is " + text_of(row, row.most));
  return {};
}

tl::unexpected<failure> at_line(std::size_t line, const failure& why) {
  return fail(why.code, "lockstep.ini, line " + std::to_string(line) + ": "
                          + why.message);
}

/// What read_ini remembers from line to line.
struct ini_reader {
  settings read;
  std::string section;
  std::set<std::string> seen;

  expected<void> take(std::string_view line) {
    if (line.empty() || line.front() == '#' || line.front() == ';')
      return {};
    if (line.front() == '[')
      return open_section(line);
    auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return fail(errc::invalid_argument,
                  quoted(line)
                    + " is neither a [section] nor a line of key = value.");
    return take_pair(trimmed(line.substr(0, equals)),
                     trimmed(line.substr(equals + 1)));
  }

  expected<void> open_section(std::string_view line) {
    auto name = line.back() == ']' ? trimmed(line.substr(1, line.size() - 2))
                                   : std::string_view{};
    auto table = settings_table();
    auto known = std::any_of(table.begin(), table.end(), [&](const auto& row) {
      return row.key.substr(0, row.key.find('.')) == name;
    });
    if (!known)
      return fail(errc::invalid_argument,
                  "there is no section " + std::string{line} + ".");
    section = name;
    return {};
  }

  expected<void> take_pair(std::string_view field, std::string_view value) {
    if (section.empty())
      return fail(errc::invalid_argument,
                  quoted(field) + " stands before the first [section].");
    auto key = section + "." + std::string{field};
    if (!seen.insert(key).second)
      return fail(errc::invalid_argument, key + " is set twice.");
    return set(read, key, value);
  }
};

} // namespace

std::string to_text(duration value) {
  for (const auto& u : units)
    if (value.count() != 0 && value.count() % u.nanoseconds == 0)
      return std::to_string(value.count() / u.nanoseconds)
             + std::string{u.name};
  return "0s";
}

expected<duration> parse_duration(std::string_view text) {
  auto digits = text.find_first_not_of("0123456789");
  auto number = whole_number(text.substr(0, digits));
  auto name = digits == std::string_view::npos ? std::string_view{}
                                               : text.substr(digits);
  for (const auto& u : units) {
    if (number && u.name == name
        && *number <= std::numeric_limits<std::int64_t>::max() / u.nanoseconds)
      return duration{*number * u.nanoseconds};
  }
  return fail(errc::invalid_argument,
              quoted(text)
                + " is no duration; write one such as 200ms, 30s, 10m or 30d.");
}

expected<void> set(settings& all, std::string_view key,
                   std::string_view value) {
  auto table = settings_table();
  auto row = std::find_if(table.begin(), table.end(),
                          [&](const auto& r) { return r.key == key; });
  if (row == table.end())
    return fail(errc::invalid_argument, "There is no setting " + quoted(key)
                                          + "; the nearest are "
                                          + nearest_keys(key) + ".");
  auto parsed = parse_value(*row, value);
  if (!parsed)
    return tl::make_unexpected(parsed.error());
  if (auto in_range = check_range(*row, *parsed); !in_range)
    return in_range;
  row->store(all, *parsed);
  return {};
}

std::vector<std::pair<std::string, std::string>>
settings_list(const settings& all) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& row : settings_table())
    list.emplace_back(row.key, text_of(row, row.load(all)));
  return list;
}

expected<settings> read_ini(std::string_view text) {
  ini_reader reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = std::min(text.find('\n'), text.size());
    if (auto taken = reader.take(trimmed(text.substr(0, end))); !taken)
      return at_line(number, taken.error());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.read;
}

expected<void> validate(const settings& all) {
  for (const auto& row : settings_table())
    if (auto in_range = check_range(row, row.load(all)); !in_range)
      return in_range;
  for (const auto& rule : settings_orders()) {
    auto smaller = rule.smaller.load(all);
    auto larger = rule.larger.load(all);
    if (smaller < larger || (smaller == larger && rule.may_be_equal))
      continue;
    return fail(errc::invalid_argument,
                std::string{rule.smaller.key} + " ("
                  + text_of(rule.smaller, smaller) + ") must be "
                  + (rule.may_be_equal ? "at most " : "below ")
                  + std::string{rule.larger.key} + " ("
                  + text_of(rule.larger, larger) + ").");
  }
  return {};
}

} // namespace lockstep

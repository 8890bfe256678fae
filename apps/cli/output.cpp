#include "apps/cli/output.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace lockstep::cli {

namespace {

/// Columns of UTF-8 text: continuation bytes take none.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

void add_row(std::string& text, const std::vector<std::string>& cells,
             const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    line.append(widths[i] - width(cells[i]) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + "\n";
}

} // namespace

std::string to_text(const text_table& table) {
  std::vector<std::size_t> widths;
  for (const auto& head : table.heads)
    widths.push_back(width(head));
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  add_row(text, table.heads, widths);
  for (const auto& row : table.rows)
    add_row(text, row, widths);
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{"bytes", "kB", "MB", "GB", "TB"};
  if (bytes < 1'000)
    return std::to_string(bytes) + " " + units.front();
  std::size_t unit = 1;
  // Tenths of a unit: whole numbers do not say 9.999.
  auto tenths = bytes / 100;
  while (tenths >= 10'000 && unit + 1 < units.size()) {
    tenths /= 1'000;
    ++unit;
  }
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " "
         + units[unit];
}

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3)
    text.insert(i - 3, ",");
  return text;
}

std::string digest_text(std::uint64_t digest) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(digest));
  return text;
}

void keep_standard_files() {
  // The lowest free number is given out first. A write fails on purpose.
  for (auto file = STDIN_FILENO; file <= STDERR_FILENO; ++file)
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != file)
      return;
}

expected<void> finish_output() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
    return {};
  return fail(errc::io, "Not all of the output could be written; check that"
                        " what it goes to is there and has room.");
}

output::output(bool json, bool quiet, std::shared_ptr<console> to)
  : json_(json), quiet_(quiet), to_(std::move(to)) {
}

void output::answer(const nlohmann::json& value, std::string_view text) const {
  if (json_)
    to_->write(
      console::stream::answers,
      value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
        + "\n");
  else
    to_->write(console::stream::answers, text);
}

void output::answer(const nlohmann::json& value,
                    const text_table& table) const {
  answer(value, to_text(table));
}

console::stream output::messages() const {
  return json_ ? console::stream::messages : console::stream::answers;
}

void output::say(std::string_view line) const {
  if (quiet_)
    return;
  to_->write(messages(), std::string{line} + "\n");
}

void output::warn(std::string_view line) const {
  to_->write(console::stream::messages, std::string{line} + "\n");
}

bool output::shows_progress() const {
  return !quiet_ && to_->is_terminal(messages());
}

void output::progress(std::string_view line) const {
  if (shows_progress())
    to_->write(messages(), "\r\033[K" + std::string{line});
}

void output::clear_progress() const {
  progress("");
}

} // namespace lockstep::cli

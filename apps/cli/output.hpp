#pragma once

#include "apps/cli/console.hpp"
#include "messages/errors.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::cli {

/// A list for people: columns as wide as their widest cell.
struct text_table {
  std::vector<std::string> heads;
  std::vector<std::vector<std::string>> rows;
};

/// The table's lines, each with its newline.
std::string to_text(const text_table& table);

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t number);

/// "12.3 MB"
std::string bytes_text(std::uint64_t bytes);

/// A digest as sixteen hexadecimal digits.
std::string digest_text(std::uint64_t digest);

/// Gives the standard files that the program was started without to nobody, so
/// that no file that is opened later is written in their place.
void keep_standard_files();

/// Writes out what waits for standard output. `io` when not all that was ever
/// printed there has arrived.
expected<void> finish_output();

/// How a command answers: JSON or text on standard output, messages on standard
/// error.
class output {
public:
  output(bool json, bool quiet, std::shared_ptr<console> to);

  [[nodiscard]] bool json() const {
    return json_;
  }

  /// The command's answer: `value` with --json, else `text`.
  void answer(const nlohmann::json& value, std::string_view text) const;
  void answer(const nlohmann::json& value, const text_table& table) const;

  /// A line about what is going on; not with --quiet. Goes to standard error
  /// when standard output carries JSON.
  void say(std::string_view line) const;

  /// Something is wrong that does not stop the command: a line on standard
  /// error.
  void warn(std::string_view line) const;

  /// Whether `progress` shows anything: there is a terminal, and no --quiet.
  [[nodiscard]] bool shows_progress() const;
  /// Overwrites the last line of progress on a terminal; nothing elsewhere.
  void progress(std::string_view line) const;
  /// Ends a line of progress.
  void clear_progress() const;

  /// Whether nobody waits for the command any more: it should end soon.
  [[nodiscard]] bool is_over() const {
    return to_->is_over();
  }

private:
  [[nodiscard]] console::stream messages() const;

  bool json_ = false;
  bool quiet_ = false;
  std::shared_ptr<console> to_;
};

} // namespace lockstep::cli

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace lockstep::cli {

/// Where a command's words go: to the standard files of this process, or over
/// the control socket to the process that asked.
class console {
public:
  enum class stream : std::uint8_t {
    answers,  ///< Standard output.
    messages, ///< Standard error.
  };

  console() = default;
  console(const console&) = delete;
  console& operator=(const console&) = delete;
  virtual ~console() = default;

  virtual void write(stream to, std::string_view text) = 0;
  [[nodiscard]] virtual bool is_terminal(stream of) const = 0;
  /// Whether nobody waits for the command any more: it should end soon.
  [[nodiscard]] virtual bool is_over() const = 0;
};

/// The standard files of this process.
std::shared_ptr<console> standard_console();

} // namespace lockstep::cli

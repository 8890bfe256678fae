#pragma once

#include "messages/clock.hpp"

#include <cstdint>
#include <deque>
#include <iosfwd>
#include <string>
#include <string_view>
#include <typeinfo>

namespace lockstep::simulation {

/// What happened in a run, in order: one number that stands for all of it, and
/// the newest part for people. Times count from the run's start.
class trace {
public:
  /// Prints every line as it comes.
  void print_to(std::ostream* out) {
    out_ = out;
  }

  /// Text of this machine that must not get into the trace.
  void hide(std::string text) {
    hidden_ = std::move(text);
  }

  void say(duration at, std::string text);

  /// An actor took a message. `kind` is null where it took none yet.
  void step(duration at, std::string_view device, const char* actor,
            const std::type_info* kind);

  /// Equal for equal runs.
  [[nodiscard]] std::uint64_t digest() const {
    return digest_;
  }

  /// The newest lines.
  [[nodiscard]] std::string tail(std::size_t lines) const;

private:
  struct line {
    duration at{};
    std::string text;
    const char* actor = nullptr;
    const std::type_info* kind = nullptr;
  };

  void add(line what);
  static std::string text_of(const line& what);

  std::ostream* out_ = nullptr;
  std::string hidden_;
  std::deque<line> lines_;
  std::uint64_t digest_ = 0;
};

} // namespace lockstep::simulation

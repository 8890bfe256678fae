#pragma once

#include "messages/numbers.hpp"
#include "tests/processes/process.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace lockstep::bench {

/// A second device, in a process of its own that runs this program anew, which
/// joins libraries over TLS and says how far it has applied their logs. Ends
/// the program where it says no more.
class follower_process {
public:
  enum class manner : std::uint8_t {
    telling, ///< Says what it has applied, at once and each 50 ms.
    resting, ///< Does nothing of its own.
    weighed, ///< Says how much memory it has used, too.
  };

  /// Starts it; its data go to `folder`.
  explicit follower_process(const std::filesystem::path& folder,
                            manner how = manner::telling);

  /// Has it join one more library. One invitation takes another's place: wait
  /// with `joined` before the next.
  void join(const std::string& invitation);
  /// Waits until it has joined so many.
  void joined(std::size_t count);

  /// Waits until it has applied the log of the library that it joined as the
  /// n-th, from 0, up to `through`: when that was, by the machine's steady
  /// clock.
  std::chrono::nanoseconds applied(sequence_number through,
                                   std::size_t which = 0);

  /// The next line that starts with `start`, without it.
  std::string line_after(const std::string& start);

  [[nodiscard]] pid_t id() const {
    return child_->id();
  }

private:
  std::unique_ptr<process> child_;
};

/// What the other process does, until its standard input ends; its exit status.
int follow(const std::filesystem::path& folder, const std::string& how);

/// The argument that makes `main` call `follow` with the next two.
inline constexpr const char* follow_argument = "--follow";

} // namespace lockstep::bench

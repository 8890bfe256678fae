#pragma once

#include "messages/numbers.hpp"
#include "tests/processes/process.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace lockstep::bench {

/// A second device, in a process of its own that runs this program anew, which
/// joins a library over TLS and says how far it has applied the log.
class follower_process {
public:
  /// Starts it; its data go to `folder`.
  follower_process(const std::filesystem::path& folder,
                   const std::string& invitation);

  /// Waits until the follower has applied the log up to `through`: when that
  /// was, by the machine's steady clock. Ends the program where it says no
  /// more.
  std::chrono::nanoseconds applied(sequence_number through);

private:
  std::unique_ptr<process> child_;
};

/// What the other process does; its exit status.
int follow(const std::filesystem::path& folder, const std::string& invitation);

/// The argument that makes `main` call `follow` with the next two.
inline constexpr const char* follow_argument = "--follow";

} // namespace lockstep::bench

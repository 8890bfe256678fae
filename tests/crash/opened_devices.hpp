#pragma once

#include "tests/crash/crash_records.hpp"

#include <filesystem>
#include <optional>

namespace lockstep {

/// The devices that killed children have left behind, opened in this process.
class opened_devices {
public:
  /// Opens DIRECTORY/a, and DIRECTORY/b where it is `with_follower`. The
  /// library is made, and the follower let in, where a kill came before that.
  opened_devices(const std::filesystem::path& directory, bool with_follower);

  /// Why they could not be opened; empty when all is well.
  [[nodiscard]] const std::string& problem() const {
    return problem_;
  }

  /// Waits until all devices hold the same log, applied, and nothing pends.
  /// Empty, or what they look like when `patience` has run out.
  std::string wait_until_in_step(std::chrono::seconds patience);

  library& leader() {
    return *first_;
  }
  library& follower() {
    return *second_;
  }

private:
  std::string open(const std::filesystem::path& directory, bool with_follower);

  runtime shared_;
  std::optional<node> a_;
  std::optional<node> b_;
  std::optional<library> first_;
  std::optional<library> second_;
  std::string problem_;
};

} // namespace lockstep

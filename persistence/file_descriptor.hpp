#pragma once

#include <unistd.h>

#include <utility>

namespace lockstep {

/// Owns an open file of the system; -1 is none.
class file_descriptor {
public:
  explicit file_descriptor(int number = -1) : number_{number} {
  }

  file_descriptor(file_descriptor&& other) noexcept
    : number_{std::exchange(other.number_, -1)} {
  }

  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  ~file_descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }

  [[nodiscard]] int number() const {
    return number_;
  }

  /// Gives it away: somebody else closes it.
  [[nodiscard]] int release() {
    return std::exchange(number_, -1);
  }

  [[nodiscard]] bool is_open() const {
    return number_ >= 0;
  }

private:
  int number_;
};

} // namespace lockstep

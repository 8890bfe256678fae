#pragma once

#include "transport/frames.hpp"

#include <random>
#include <vector>

namespace lockstep {

/// Makes bytes that are almost right, from a seed.
class mutations {
public:
  explicit mutations(std::uint64_t seed) : random_(seed) {
  }

  /// One of `inputs` with a few changes; `inputs` is not empty.
  bytes make(const std::vector<bytes>& inputs);

private:
  std::size_t below(std::size_t end) {
    return end == 0 ? 0 : static_cast<std::size_t>(random_() % end);
  }
  std::uint8_t any_byte() {
    return static_cast<std::uint8_t>(random_());
  }
  void change(bytes& what, const std::vector<bytes>& inputs);

  std::mt19937_64 random_;
};

} // namespace lockstep

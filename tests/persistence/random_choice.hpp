#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lockstep {

/// Choices that follow from a seed.
class random_choice {
public:
  explicit random_choice(std::uint64_t seed) : random_(seed) {
  }

  std::uint64_t below(std::uint64_t end) {
    return random_() % end;
  }

  bool one_in(std::uint64_t count) {
    return below(count) == 0;
  }

  template <class T> const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  std::string word(std::initializer_list<const char*> list) {
    return list.begin()[below(list.size())];
  }

private:
  std::mt19937_64 random_;
};

} // namespace lockstep

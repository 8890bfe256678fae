#pragma once

#include "messages/ids.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <string>

namespace lockstep {

/// Images as applications' rows have them, of some 120 bytes: ids, names,
/// words, numbers and times that all differ. Four kinds, two of which hold
/// their record's id.
class image_maker {
public:
  static constexpr std::uint64_t kinds = 4;

  explicit image_maker(std::uint64_t seed) : random_(seed) {
  }

  std::uint64_t number(std::uint64_t below) {
    return random_() % below;
  }

  std::string image(std::uint64_t kind, record_id record) {
    const auto id = to_string(record);
    switch (kind) {
      case 0:
        return R"({"id":")" + id + R"(","name":"IMG_)" + text(10'000)
               + R"(.jpg","size":)" + text(9'000'000) + R"(,"stars":)" + text(6)
               + R"(,"taken":")" + time() + R"("})";
      case 1:
        return R"({"due":")" + time() + R"(","owner":)" + text(20)
               + R"(,"title":")" + words(6) + R"(","uuid":")" + id + R"("})";
      case 2:
        return R"({"changed":")" + time() + R"(","text":")" + words(9)
               + R"(","title":")" + words(2) + R"("})";
      default:
        return R"({"city":")" + words(1) + R"(","email":")" + words(1)
               + text(100) + R"(@example.org","name":")" + words(2)
               + R"(","phone":"+49 )" + text(1'000) + " " + text(10'000'000)
               + R"(","seen":")" + time() + R"("})";
    }
  }

private:
  std::string text(std::uint64_t below) {
    return std::to_string(number(below));
  }

  std::string two_digits(std::uint64_t below) {
    return std::to_string(100 + number(below)).substr(1);
  }

  std::string time() {
    return "20" + std::to_string(20 + number(10)) + "-0"
           + std::to_string(1 + number(9)) + "-" + two_digits(28) + "T"
           + two_digits(24) + ":" + two_digits(60) + ":" + two_digits(60) + "Z";
  }

  std::string words(int count) {
    static constexpr std::array all{
      "summer", "lake",   "garden", "mountain", "party", "city",   "walk",
      "dinner", "train",  "winter", "snow",     "river", "house",  "evening",
      "bridge", "church", "market", "beach",    "road",  "forest", "boat",
      "window", "street", "child",  "music",    "table", "coffee", "letter",
      "paper",  "green",  "yellow", "small",    "large", "old",    "new",
      "first",  "second", "last",   "friend",   "office"};
    std::string line;
    for (int i = 0; i < count; ++i)
      line.append(i == 0 ? "" : " ").append(all[number(all.size())]);
    return line;
  }

  std::mt19937_64 random_;
};

} // namespace lockstep

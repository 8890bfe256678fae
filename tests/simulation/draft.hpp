#pragma once

#include "messages/library_requests.hpp"

#include <string>
#include <vector>

namespace lockstep::simulation {

/// A transaction, and the texts that it is sure to write.
struct draft {
  std::vector<transaction_step> steps;
  std::vector<std::string> texts;
};

/// "t#7;": a text that only one value is ever written with.
inline std::string text_of_number(std::uint64_t number) {
  return "t#" + std::to_string(number) + ";";
}

} // namespace lockstep::simulation

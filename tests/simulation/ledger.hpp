#pragma once

#include "tests/simulation/log_checker.hpp"

#include <map>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// What devices have acknowledged, to be found in the log at the end (P3, P7).
class ledger {
public:
  void acknowledge(const receipt& what);
  /// A text that one new row was written with and nobody else uses.
  void expect_text(std::string text) {
    texts_.push_back(std::move(text));
  }

  /// Fails where something is not in the log exactly once.
  void check(const std::vector<entry>& log, verdict& result) const;

  [[nodiscard]] std::size_t size() const {
    return operations_.size();
  }

private:
  std::set<operation_key> operations_;
  std::vector<std::string> texts_;
};

} // namespace lockstep::simulation

#pragma once

#include "tests/simulation/log_checker.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// What devices have acknowledged, to be found in the log at the end (P3, P7).
class ledger {
public:
  void acknowledge(const receipt& what);
  /// A text that one new row of this commit was written with and nobody else
  /// uses.
  void expect_text(std::string text, const receipt& in);
  /// The same for what a program wrote; the device has not captured it yet.
  void expect_text(std::string text, device_id on);

  /// The device lost what only it had: of what it made, what is not `kept`
  /// cannot come any more.
  void forgive(device_id maker,
               const std::function<bool(const operation_key&)>& kept);

  /// What a device has acknowledged and holds.
  struct account {
    std::set<operation_key> operations;
    std::set<std::string> texts;
  };
  [[nodiscard]] account
  account_of(device_id maker,
             const std::function<bool(const operation_key&)>& held) const;
  /// The device is what it was `then`.
  void forgive_since(const account& then, device_id maker,
                     const std::function<bool(const operation_key&)>& kept);

  /// Fails where something is not in the log exactly once.
  void check(const std::vector<entry>& log, verdict& result) const;

  /// How many commits have other numbers in the log than when they were
  /// acknowledged.
  [[nodiscard]] std::uint64_t renumbered(const std::vector<entry>& log) const;

  [[nodiscard]] std::size_t size() const {
    return operations_.size();
  }

private:
  struct written {
    std::string text;
    /// The number none where it is not known.
    operation_key last;
  };

  std::set<operation_key> operations_;
  std::vector<written> texts_;
};

} // namespace lockstep::simulation

#pragma once

#include "tests/crash/killed_process.hpp"
#include "tests/crash/log_checks.hpp"
#include "tests/crash/opened_devices.hpp"
#include "tests/support/temporary_directory.hpp"

#include <random>

#include <gtest/gtest.h>

namespace lockstep {

/// Kills children over data directories and looks at what they leave behind.
class slow_kill : public testing::Test {
protected:
  static constexpr std::chrono::seconds patience{30};

  /// Prints the seed; LOCKSTEP_SEED repeats a run.
  void SetUp() override;
  void TearDown() override;

  /// Runs a child that is killed within `most`, from its start or from when it
  /// was ready.
  void kill_one(const std::string& mode, std::chrono::milliseconds most);
  void kill_one(const std::string& mode, const kill_moment& when);

  /// Opens what the children left: all that was acknowledged is there once, on
  /// every device, the devices agree, and the files are whole.
  void check(bool with_follower);
  void check(opened_devices& devices, bool with_follower);

  /// A library that was opened after a kill takes writes and puts them in
  /// order.
  void use_library(library& opened);

  std::uint64_t seed = 0;
  std::mt19937_64 random;
  temporary_directory directory;
  /// What an indexing child walks.
  temporary_directory folder;
  std::int64_t round = 0;
  std::vector<acknowledged> told;
  std::uint64_t ready = 0;
  std::uint64_t indexed = 0;
  std::size_t entries = 0;
  std::size_t conflicts = 0;
};

} // namespace lockstep

#pragma once

#include "tests/support/virtual_time.hpp"

#include <gtest/gtest.h>

namespace lockstep {

/// A test with actors in virtual time, in one thread: nothing runs and no time
/// passes unless the test says so. Actors may refer to members of the fixture,
/// but not to locals of the test's body: teardown still runs handlers.
class deterministic : public ::testing::Test, public virtual_time {
public:
  ~deterministic() override {
    finish();
  }

  /// Kills what is owned, and fails the test when an actor is left over.
  void finish() {
    if (const auto left = virtual_time::finish(); left != 0)
      ADD_FAILURE() << left << " actors are left over; own() or link them.";
  }

protected:
  void TearDown() override {
    finish();
  }
};

} // namespace lockstep

#include "tests/persistence/library_device.hpp"
#include "tests/persistence/test_disk.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <utility>

namespace lockstep {

namespace {

/// A disk that fails to read now and then: SQLite ends a transaction by itself
/// when that happens in its midst.
class failing_read : public testing::Test {
public:
  failing_read() {
    leader_.leads = true;
    for (auto* device : {&leader_, &follower_}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
  }

  /// All that a transaction may change, and what goes with it.
  static std::string state_of(library_device& device) {
    return device.rows("SELECT * FROM note ORDER BY 1")
           + device.rows("SELECT applied_sequence, applying FROM"
                         " lockstep_state")
           + device.rows("SELECT device_sequence FROM lockstep_pending")
           + device.rows("SELECT key, sequence FROM lockstep_identity")
           + device.rows("SELECT count(*) FROM lockstep_touched");
  }

  /// Has each read of `work` fail, one after the other, on what is read from
  /// the disk anew; returns how many there are.
  int fail_each_read(library_device& device,
                     const std::function<expected<void>()>& work) {
    for (int read = 1;; ++read) {
      device.reopen();
      const auto before = state_of(device);
      device.reopen();
      disk_.fail_read = read;
      const auto done = work();
      if (std::exchange(disk_.fail_read, 0) != 0) {
        EXPECT_TRUE(done) << done.error().message;
        return read - 1;
      }
      device.reopen();
      if (!done)
        EXPECT_EQ(state_of(device), before) << "read " << read << " failed";
      else
        ADD_FAILURE() << "read " << read << " made no difference";
      if (HasFailure())
        return 0;
    }
  }

  test_disk disk_;
  library_device leader_{1};
  library_device follower_{2};
};

TEST_F(failing_read, while_entries_are_applied_changes_nothing) {
  ASSERT_TRUE(leader_.write(insert_note(1, "one")));
  follower_.elsewhere(insert_note(2, "two"));
  ASSERT_TRUE(follower_.log->append(leader_.ballot, {}, leader_.entries()));
  EXPECT_GT(fail_each_read(follower_, [&] { return follower_.catch_up(); }), 5);
}

TEST(ended_transaction, takes_no_more_writes) {
  library_device device{1};
  ASSERT_TRUE(device.store->begin(durability::by_itself));
  // As a full disk does.
  device.store->database->exec("ROLLBACK");
  EXPECT_THROW(savepoint{*device.store}, std::logic_error);
  EXPECT_THROW(device.store->set_applying(true), std::logic_error);
  EXPECT_THROW(device.store->set_applied(sequence_number{1}), std::logic_error);
}

} // namespace
} // namespace lockstep

#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

/// Anna's log packs its images, Bert's does not.
class packed_log_of_one : public fleet {
public:
  packed_log_of_one() {
    limits.log.compression = true;
    limits.log.dictionary_samples = 20;
    share({"anna"});
    limits.log.compression = false;
    let_in("bert", "anna");
    use_models("bert");
  }

  void write(const std::string& name, int count) {
    for (int i = 0; i < count; ++i)
      EXPECT_TRUE(
        put(name, tag{make_id(), "tag " + std::to_string(i), "blue", {}}));
    EXPECT_EQ(settle(), "");
  }

  std::int64_t packed(const std::string& name) {
    const auto log = database_of(name).parent_path() / "sync.db";
    return SQLite::Database{log.string()}
      .execAndGet("SELECT count(*) FROM sync_log WHERE typeof(data) = 'blob'")
      .getInt64();
  }
};

TEST_F(packed_log_of_one, is_like_the_other) {
  write("anna", 40);
  write("bert", 40);
  const auto before = packed("anna");
  EXPECT_GT(before, 50);
  EXPECT_EQ(packed("bert"), 0);
  EXPECT_EQ(digest("anna"), digest("bert"));
  // Switched off, and on on the other one.
  crash("anna");
  start("anna");
  reopen("anna");
  crash("bert");
  limits.log.compression = true;
  start("bert");
  reopen("bert");
  EXPECT_EQ(settle(), "");
  write("anna", 20);
  EXPECT_EQ(packed("anna"), before);
  EXPECT_GE(packed("bert"), 20);
  EXPECT_EQ(digest("anna"), digest("bert"));
}

} // namespace
} // namespace lockstep

#include "tests/processes/two_processes.hpp"

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Logs that are vacuumed within seconds, and members that are waited for no
/// longer.
class short_memories : public two_processes {
protected:
  std::unique_ptr<served_device> serve_short(const std::string& name,
                                             std::int32_t priority) {
    return serve(name, {"127.0.0.1:0",
                        {"vacuum.keep=1s", "vacuum.period=1s",
                         "vacuum.archive=yes", "member.stale_after=3s",
                         "leadership.priority=" + std::to_string(priority)}});
  }

  std::size_t entries_of(const std::string& name) {
    const auto shown = on(name, "--json log notes");
    EXPECT_EQ(shown.status, 0) << shown.err;
    return static_cast<std::size_t>(
      std::count(shown.out.begin(), shown.out.end(), '\n'));
  }
};

TEST_F(short_memories, slow_a_member_comes_back_after_the_horizon) {
  auto a = serve_short("a", 0);
  pair();
  auto b = serve_short("b", -1);
  write("a", "deleted");
  write("a", "changed");
  ASSERT_TRUE(eventually([&] { return has("b", "changed"); }));
  ASSERT_EQ(on("b", "wait notes --until stable").status, 0);
  b->end(SIGKILL);
  // What another program writes on B meanwhile waits there.
  write("b", "late");
  sql("a", "DELETE FROM note WHERE id = 'deleted'");
  for (int i = 0; i < 12; ++i) {
    sql("a", "UPDATE note SET text = '" + std::to_string(i)
               + "' WHERE id = 'changed'");
    ASSERT_EQ(on("a", "wait notes").status, 0);
  }
  const auto before = entries_of("a");
  // At first it is held back by B, which is a member.
  ASSERT_TRUE(eventually([&] { return entries_of("a") + 10 < before; }));
  EXPECT_GT(on("a", "--json log notes --archived").out.size(), 100U);

  b = serve_short("b", -1);
  ASSERT_TRUE(eventually([&] { return has("a", "late"); }));
  ASSERT_TRUE(eventually([&] { return notes("a") == notes("b"); }));
  EXPECT_EQ(notes("b"), "changed|11\nlate|of b\n");
  EXPECT_EQ(on("b", "wait notes --until stable").status, 0);
  const auto digests = [&](const std::string& name) {
    return ask(name, "check notes");
  };
  EXPECT_EQ(digests("a")["tables"], digests("b")["tables"]);
  EXPECT_EQ(digests("a")["log_digest"], digests("b")["log_digest"]);
  EXPECT_TRUE(digests("b")["ok"].get<bool>());
}

} // namespace
} // namespace lockstep

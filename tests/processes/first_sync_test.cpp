#include "tests/processes/two_processes.hpp"

#include <random>
#include <set>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr int rows = 60'000;
/// Entries of one batch, as `replication.catch_up_limit` has it.
constexpr std::size_t batch = 1'000;

/// A device with a long log, which others are new to.
class first_sync_between_processes : public two_processes {
protected:
  first_sync_between_processes() {
    const auto* given = std::getenv("LOCKSTEP_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10)
                            : std::uint64_t{std::random_device{}()};
    std::cout << "LOCKSTEP_SEED=" << seed << '\n';
    random_.seed(seed);
    sql("a", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < "
               + std::to_string(rows)
               + ") INSERT INTO note SELECT printf('%06d', i),"
                 " 'a note that is as long as notes are' FROM n");
    a_ = serve("a", {place_});
    place_ = a_->address();
    EXPECT_EQ(on("a", "wait notes --timeout 2m").status, 0);
  }

  void serve_a() {
    a_ = serve("a", {place_});
    EXPECT_EQ(a_->address(), place_);
  }

  nlohmann::json status(const std::string& name) {
    return on(name, "--json status notes").json();
  }

  /// Lets B in and takes it down once it has something, but not all.
  void begin_on_b() {
    const auto text = invitation();
    process joining{{LOCKSTEP_PROGRAM, "--data", data_of("b").string(), "join",
                     text, "--database", file("b")},
                    complaints("b")};
    ASSERT_TRUE(eventually([&] { return sent() > 3 * batch; }));
    joining.end(SIGKILL);
  }

  /// What A has sent so far, every time that it did.
  std::size_t sent() {
    return ranges().first;
  }
  std::size_t sent_again() {
    const auto [all, once] = ranges();
    return all - once;
  }

  void pause(std::chrono::milliseconds most) {
    std::this_thread::sleep_for(std::chrono::milliseconds{
      random_() % static_cast<std::uint64_t>(most.count())});
  }

  std::unique_ptr<served_device> a_;
  std::mt19937_64 random_;

private:
  /// How many entries A sent, and how many different ones.
  std::pair<std::size_t, std::size_t> ranges() {
    std::ifstream log{complaints("a")};
    std::size_t all = 0;
    std::set<std::uint64_t> once;
    for (std::string line; std::getline(log, line);) {
      const auto at = line.find(" sends entries ");
      if (at == std::string::npos)
        continue;
      std::istringstream words{line.substr(at)};
      std::string ignored;
      std::uint64_t first = 0;
      std::uint64_t last = 0;
      words >> ignored >> ignored >> first >> ignored >> last;
      all += last - first + 1;
      for (auto i = first; i <= last; ++i)
        once.insert(i);
    }
    return {all, once.size()};
  }

  std::string place_ = "127.0.0.1:0";
};

TEST_F(first_sync_between_processes, slow_resumes_after_either_is_killed) {
  ASSERT_NO_FATAL_FAILURE(begin_on_b());
  std::size_t kills = 1;
  // It is no library to read from, and says so.
  const auto found = on("b", "--json status notes");
  ASSERT_EQ(found.status, 0) << found.err;
  EXPECT_EQ(found.json()["state"], "backfilling") << found.out;
  EXPECT_LT(0, found.json()["first_sync"]["entries"]);
  expect_refusal(on("b", "track notes --all"), "track", 1,
                 "first sync of \"notes\" has not finished");
  expect_refusal(on("b", "backup notes '" + (folder / "copy").string() + "'"),
                 "backup", 1, "first sync");
  for (int i = 0; i < 6; ++i) {
    const auto before = sent();
    auto b = serve("b");
    eventually([&] { return sent() > before; });
    pause(100ms);
    if (status("b")["state"] != "backfilling")
      break;
    if (i % 2 == 0) {
      b->end(SIGKILL);
    } else {
      a_->end(SIGKILL);
      serve_a();
      b->end(SIGKILL);
      ++kills;
    }
    ++kills;
  }
  EXPECT_LE(3U, kills) << "it was over too soon";
  std::cout << kills << " kills, " << sent_again() << " of " << sent()
            << " entries sent again\n";
  EXPECT_LE(sent_again(), kills * batch);
  auto b = serve("b");
  const auto waited = on("b", "--json wait notes --timeout 2m");
  ASSERT_EQ(waited.status, 0) << waited.err;
  EXPECT_EQ(waited.json()["state"], "ready");
  EXPECT_FALSE(waited.json().contains("first_sync"));
  ASSERT_EQ(on("b", "track notes --all").status, 0);
  EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
  EXPECT_EQ(notes("a"), notes("b"));
}

TEST_F(first_sync_between_processes, slow_shows_how_far_it_is) {
  ASSERT_NO_FATAL_FAILURE(begin_on_b());
  auto b = serve("b");
  nlohmann::json last;
  bool foretold = false;
  EXPECT_TRUE(eventually([&] {
    const auto now = status("b");
    if (now["state"] != "backfilling")
      return now["state"] == "ready";
    const auto& first = now["first_sync"];
    if (!last.is_null()) {
      EXPECT_LE(last["entries"], first["entries"]);
    }
    if (first["seconds_left"].is_number() && first["total"].is_number()) {
      foretold = true;
      EXPECT_LT(rows, first["total"]);
      EXPECT_LT(0, first["bytes"]);
    }
    last = first;
    return false;
  }));
  EXPECT_TRUE(foretold) << last;
}

TEST_F(first_sync_between_processes,
       slow_gets_all_of_it_though_the_writer_is_gone) {
  pair();
  auto b = serve("b");
  write("a", "last of a");
  ASSERT_TRUE(eventually([&] { return has("b", "last of a"); }));
  a_->end(SIGKILL);
  // B leads now, and lets another one in.
  ASSERT_EQ(on("b", "wait notes --until leader").status, 0);
  ASSERT_TRUE(eventually([&] { return status("b")["role"] == "leader"; }));
  make("c");
  const auto made = on("b", "--json invite notes");
  ASSERT_EQ(made.status, 0) << made.err;
  const auto joined = join(made.json().value("invitation", ""), "c");
  ASSERT_EQ(joined.status, 0) << joined.err;
  ASSERT_EQ(on("c", "track notes --all").status, 0);
  EXPECT_EQ(ask("b", "check notes"), ask("c", "check notes"));
  EXPECT_TRUE(has("c", "last of a"));
}

} // namespace
} // namespace lockstep

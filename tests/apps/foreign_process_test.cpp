#include "tests/apps/hosted_nodes.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using clock = std::chrono::steady_clock;

/// SQLite's own shell, a process of its own, with a database open.
class sqlite_shell {
public:
  explicit sqlite_shell(const std::filesystem::path& file)
    : in_{::popen(("sqlite3 -batch '" + file.string() + "'").c_str(), "we")} {
    run(".timeout 5000");
  }
  sqlite_shell(const sqlite_shell&) = delete;
  sqlite_shell& operator=(const sqlite_shell&) = delete;
  ~sqlite_shell() {
    close();
  }

  void run(const std::string& line) {
    std::fputs((line + "\n").c_str(), in_);
    std::fflush(in_);
  }

  /// Waits for its end; 0 when all went well.
  int close() {
    const int status = in_ != nullptr ? ::pclose(in_) : 0;
    in_ = nullptr;
    return status;
  }

private:
  std::FILE* in_;
};

/// The processor time that this process took so far.
microseconds processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& part) {
    return std::chrono::seconds{part.tv_sec} + microseconds{part.tv_usec};
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// A library at rest while another process writes its database.
class foreign_process : public hosted_nodes {
protected:
  std::filesystem::path database_of(const std::string& name,
                                    const library& what) {
    return directory_of(name) / "libraries" / to_string(what.id())
           / "database.db";
  }

  static std::string insert(record_id id, const std::string& text) {
    return "INSERT INTO tag(uuid, name) VALUES('" + to_string(id) + "', " + text
           + ");";
  }

  /// Until the log has grown; nothing when it does not.
  static std::optional<microseconds> growth(library& what,
                                            sequence_number from) {
    const auto begin = clock::now();
    while (clock::now() - begin < host_patience) {
      if (within(what.latest_sequence()).value_or(from) > from)
        return std::chrono::duration_cast<microseconds>(clock::now() - begin);
      std::this_thread::sleep_for(500us);
    }
    return std::nullopt;
  }

  /// Lets two seconds pass; the share of one processor that was taken.
  static double load_at_rest() {
    const auto before = processor_time();
    const auto begin = clock::now();
    std::this_thread::sleep_for(2s);
    const auto took = processor_time() - before;
    return std::chrono::duration<double>(took)
           / std::chrono::duration<double>(clock::now() - begin);
  }
};

TEST_F(foreign_process, that_writes_is_in_the_log_at_once) {
  auto device = open("a");
  auto photos = make_library(device);
  sqlite_shell shell{database_of("a", photos)};
  std::vector<microseconds> took;
  for (int i = 0; i < 21; ++i) {
    const auto before = *within(photos.latest_sequence());
    shell.run(insert(make_record_id(), "'outside'"));
    const auto waited = growth(photos, before);
    ASSERT_TRUE(waited) << "write " << i;
    took.push_back(*waited);
    // The next one comes at a moment that does not hang on this one's.
    std::this_thread::sleep_for(std::chrono::milliseconds{7 * (i % 10)});
  }
  EXPECT_EQ(shell.close(), 0);
  std::sort(took.begin(), took.end());
  const auto median = took[took.size() / 2];
  std::cout << "another process's write is in the log after " << median.count()
            << " us (median), " << took.back().count() << " us at most\n";
  EXPECT_LT(median, 1s);
}

TEST_F(foreign_process, that_writes_on_a_follower_reaches_the_leader) {
  auto a = open("a");
  auto b = open("b");
  auto on_a = make_library(a);
  auto on_b = a.share_library(on_a, b);
  ASSERT_TRUE(on_b) << on_b.error().message;
  ASSERT_TRUE(within(on_b->use<tag>()));
  const auto id = make_record_id();
  sqlite_shell shell{database_of("b", *on_b)};
  shell.run(insert(id, "'outside'"));
  EXPECT_TRUE(eventually([&] { return on_a.load<tag>(id).has_value(); }));
}

TEST_F(foreign_process, that_wrote_while_the_library_was_closed_is_heard) {
  auto device = open("a");
  auto photos = make_library(device);
  const auto before = *within(photos.latest_sequence());
  const auto file = database_of("a", photos);
  ASSERT_TRUE(device.close_library(photos.id()));
  {
    sqlite_shell shell{file};
    shell.run(insert(make_record_id(), "'outside'"));
    ASSERT_EQ(shell.close(), 0);
  }
  auto again = device.open_library("photos");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(growth(*again, before));
}

TEST_F(foreign_process, closing_does_not_wait_for_the_watch) {
  auto device = open("a");
  auto photos = make_library(device);
  std::this_thread::sleep_for(1500ms);
  const auto begin = clock::now();
  ASSERT_TRUE(device.close_library(photos.id()));
  device.close();
  EXPECT_LT(clock::now() - begin, 900ms);
}

TEST_F(foreign_process, slow_rest_costs_next_to_nothing) {
  node_options how;
  how.data_directory = directory_of("a");
  how.device_name = "a";
  how.limits.library.entry_bytes_limit = 10'000;
  auto device = node::open(shared, std::move(how));
  ASSERT_TRUE(device) << device.error().message;
  const auto alone = load_at_rest();
  auto photos = make_library(*device);
  std::this_thread::sleep_for(1s);
  const auto open = load_at_rest();
  sqlite_shell shell{database_of("a", photos)};
  shell.run(insert(make_record_id(), "hex(zeroblob(1000000))"));
  ASSERT_TRUE(eventually([&] {
    const auto now = within(photos.status());
    return now && !now->capture_problem.empty();
  }));
  std::this_thread::sleep_for(1s);
  const auto with_problem = load_at_rest();
  std::cout << "at rest: " << alone * 100 << " % of a processor, " << open * 100
            << " % with a library open, " << with_problem * 100
            << " % with a row that cannot be captured\n";
  EXPECT_LT(open, 0.02);
  EXPECT_LT(with_problem, 0.02);
}

} // namespace
} // namespace lockstep

#include "actors/indexer.hpp"

#include "tests/support/deterministic.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Gives up root's right to read everything, for as long as it lives.
struct without_privileges {
  without_privileges() {
    if (was_root) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ~without_privileges() {
    if (was_root) {
      EXPECT_EQ(seteuid(0), 0);
    }
  }

  const bool was_root = geteuid() == 0;
};

struct indexer_test : deterministic {
  static constexpr std::size_t batch = 10;

  temporary_directory folder;
  const record_id photos{{1}};
  const library_id library{{9}};

  /// What the sink was told, and how it answers.
  std::vector<write_index_batch> batches;
  std::map<std::string, indexed_file> rows;
  duration sink_delay{};
  failure sink_failure{errc::none, {}};

  std::vector<indexing_progress> progress;

  event_bus_actor bus = spawn(event_bus, event_settings{});
  index_sink_actor sink = spawn_sink();
  indexer_actor walker
    = spawn(indexer, bus, library, sink, index_settings{batch});

  indexer_test() {
    auto listener = spawn([this]() -> caf::behavior {
      return {[this](const event_batch& events) {
        for (const auto& each : events.list)
          progress.push_back(std::get<indexing_progress>(each->body));
        return done{};
      }};
    });
    tell(bus, subscribe{caf::actor_cast<event_subscriber>(listener), library});
  }

  index_sink_actor spawn_sink() {
    auto actor = spawn([this](caf::event_based_actor* self) -> caf::behavior {
      auto held = std::make_shared<caf::typed_response_promise<done>>();
      return {[=, this](write_index_batch& request) -> caf::result<done> {
                if (sink_failure.code != errc::none)
                  return to_error(sink_failure);
                write(std::move(request));
                if (sink_delay == duration::zero())
                  return done{};
                *held = self->make_response_promise<done>();
                self->delayed_send(self, sink_delay, 0);
                return *held;
              },
              [=](int) {
                held->deliver(done{});
              }};
    });
    return caf::actor_cast<index_sink_actor>(actor);
  }

  void write(write_index_batch request) {
    if (request.first)
      rows.clear();
    for (const auto& row : request.rows)
      rows[row.path] = row;
    batches.push_back(std::move(request));
  }

  void make_file(const fs::path& path, std::size_t size) {
    fs::create_directories((folder.path() / path).parent_path());
    std::ofstream{folder.path() / path} << std::string(size, 'x');
  }

  void make_files(int count) {
    for (int i = 0; i < count; ++i)
      make_file("file " + std::to_string(i), 1);
  }

  expected<index_outcome> index(const fs::path& path) {
    return ask<index_outcome>(walker, index_location{photos, path});
  }
};

TEST_F(indexer_test, writes_a_row_for_each_file_and_folder_below) {
  make_file("a.jpg", 100);
  make_file("2025/b.jpg", 20);
  make_file("2025/may/c.jpg", 3);
  const auto outcome = index(folder.path());
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(*outcome, (index_outcome{3, 2, 123, 0}));
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows["a.jpg"].size, 100u);
  EXPECT_EQ(rows["2025/may/c.jpg"].size, 3u);
  EXPECT_EQ(rows["2025/may/c.jpg"].kind, file_kind::file);
  EXPECT_EQ(rows["2025/may"].kind, file_kind::directory);
  EXPECT_EQ(rows["2025/may"].size, 0u);
}

TEST_F(indexer_test, a_row_holds_time_and_inode) {
  make_file("a.jpg", 1);
  struct stat status {};
  ASSERT_EQ(stat((folder / "a.jpg").c_str(), &status), 0);
  ASSERT_TRUE(index(folder.path()));
  EXPECT_EQ(rows["a.jpg"].inode, status.st_ino);
  EXPECT_EQ(rows["a.jpg"].modified / 1000, status.st_mtim.tv_sec);
}

TEST_F(indexer_test, batches_are_bounded_and_mark_both_ends) {
  make_files(25);
  ASSERT_TRUE(index(folder.path()));
  ASSERT_EQ(batches.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(batches[i].rows.size(), batch);
    EXPECT_EQ(batches[i].location, photos);
    EXPECT_EQ(batches[i].first, i == 0);
    EXPECT_EQ(batches[i].last, i == 2);
  }
  EXPECT_EQ(rows.size(), 25u);
}

TEST_F(indexer_test, one_batch_at_a_time_is_with_the_sink) {
  make_files(25);
  sink_delay = 1s;
  auto answer
    = request<index_outcome>(walker, index_location{photos, folder.path()});
  run();
  EXPECT_EQ(batches.size(), 1u);
  advance(1s);
  EXPECT_EQ(batches.size(), 2u);
  EXPECT_FALSE(answer->has_value());
  advance(2s);
  ASSERT_TRUE(answer->has_value());
  EXPECT_TRUE((*answer)->has_value());
}

TEST_F(indexer_test, an_empty_folder_empties_the_index) {
  make_file("a.jpg", 1);
  ASSERT_TRUE(index(folder.path()));
  fs::remove(folder / "a.jpg");
  EXPECT_EQ(index(folder.path()), index_outcome{});
  EXPECT_TRUE(rows.empty());
  EXPECT_TRUE(batches.back().first);
  EXPECT_TRUE(batches.back().last);
}

TEST_F(indexer_test, links_are_noted_and_not_followed) {
  make_file("real/a.jpg", 1);
  fs::create_directory_symlink(folder / "real", folder / "link");
  fs::create_directory_symlink(folder.path(), folder / "real/circle");
  fs::create_symlink("nowhere", folder / "dangling");
  EXPECT_EQ(index(folder.path()), (index_outcome{1, 1, 1, 0}));
  EXPECT_EQ(rows["link"].kind, file_kind::other);
  EXPECT_EQ(rows["real/circle"].kind, file_kind::other);
  EXPECT_EQ(rows.size(), 5u);
}

TEST_F(indexer_test, unreadable_folders_are_counted_and_the_rest_is_read) {
  make_file("open/a.jpg", 1);
  make_file("shut/b.jpg", 1);
  make_file("z.jpg", 1);
  fs::permissions(folder.path(), fs::perms{0755});
  fs::permissions(folder / "shut", fs::perms::none);
  {
    without_privileges scope;
    EXPECT_EQ(index(folder.path()), (index_outcome{2, 2, 2, 1}));
  }
  EXPECT_TRUE(rows.contains("shut"));
  EXPECT_FALSE(rows.contains("shut/b.jpg"));
  fs::permissions(folder / "shut", fs::perms::owner_all);
}

TEST_F(indexer_test, a_missing_folder_changes_nothing) {
  const auto outcome = index(folder / "gone");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            (failure{errc::not_found, "There is no folder "
                                        + (folder / "gone").string() + "."}));
  EXPECT_TRUE(batches.empty());
}

TEST_F(indexer_test, a_file_is_no_folder) {
  make_file("a.jpg", 1);
  const auto outcome = index(folder / "a.jpg");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            (failure{errc::invalid_argument,
                     (folder / "a.jpg").string() + " is no folder."}));
  EXPECT_TRUE(batches.empty());
}

TEST_F(indexer_test, an_unreadable_folder_changes_nothing) {
  without_privileges scope;
  {
    temporary_directory mine;
    fs::permissions(mine.path(), fs::perms::none);
    const auto outcome = index(mine.path());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, errc::io);
    EXPECT_EQ(outcome.error().message, "The folder " + mine.path().string()
                                         + " cannot be read: Permission "
                                           "denied.");
    fs::permissions(mine.path(), fs::perms::owner_all);
  }
  EXPECT_TRUE(batches.empty());
}

TEST_F(indexer_test, cancelling_ends_after_the_batch_on_its_way) {
  make_files(100);
  sink_delay = 1s;
  auto answer
    = request<index_outcome>(walker, index_location{photos, folder.path()});
  advance(1500ms);
  EXPECT_TRUE(ask<done>(walker, cancel_indexing{photos}));
  advance(5s);
  ASSERT_TRUE(answer->has_value());
  ASSERT_FALSE((*answer)->has_value());
  EXPECT_EQ((*answer)->error(),
            (failure{errc::cancelled, "Indexing was cancelled."}));
  EXPECT_EQ(batches.size(), 2u);
  ASSERT_FALSE(progress.empty());
  EXPECT_TRUE(progress.back().finished);
  EXPECT_EQ(progress.back().outcome.code, errc::cancelled);

  sink_delay = {};
  EXPECT_TRUE(index(folder.path()));
  EXPECT_EQ(rows.size(), 100u);
}

TEST_F(indexer_test, cancelling_what_does_not_run_is_told) {
  const auto answer = ask<done>(walker, cancel_indexing{photos});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::not_found);
}

TEST_F(indexer_test, a_second_folder_has_to_wait) {
  make_files(25);
  sink_delay = 1s;
  auto first
    = request<index_outcome>(walker, index_location{photos, folder.path()});
  run();
  const auto second = index(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::busy);
  advance(5s);
  ASSERT_TRUE(first->has_value());
  EXPECT_TRUE((*first)->has_value());
}

TEST_F(indexer_test, progress_comes_a_few_times_a_second_and_at_the_end) {
  make_files(200);
  sink_delay = 100ms;
  ASSERT_TRUE(index(folder.path()));
  run();
  ASSERT_EQ(batches.size(), 20u);
  ASSERT_EQ(progress.size(), 7u);
  for (std::size_t i = 0; i + 1 < progress.size(); ++i) {
    EXPECT_FALSE(progress[i].finished);
    EXPECT_EQ(progress[i].files, 30 * (i + 1));
  }
  EXPECT_TRUE(progress.back().finished);
  EXPECT_EQ(progress.back().outcome.code, errc::none);
  EXPECT_EQ(progress.back().files, 200u);
  EXPECT_EQ(progress.back().bytes, 200u);
  EXPECT_EQ(progress.back().location, photos);
}

TEST_F(indexer_test, a_failing_sink_ends_the_run_with_its_failure) {
  make_files(25);
  sink_failure = {errc::disk_full, "The disk is full."};
  const auto outcome = index(folder.path());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), sink_failure);
  run();
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_EQ(progress.back().outcome, sink_failure);
}

TEST_F(indexer_test, a_dead_sink_ends_the_run) {
  make_files(25);
  kill(sink);
  const auto outcome = index(folder.path());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, errc::closed);
}

TEST_F(indexer_test, who_asked_is_answered_when_the_indexer_ends) {
  make_files(25);
  sink_delay = 1s;
  auto answer
    = request<index_outcome>(walker, index_location{photos, folder.path()});
  run();
  caf::anon_send_exit(walker, caf::exit_reason::user_shutdown);
  run();
  ASSERT_TRUE(answer->has_value());
  ASSERT_FALSE((*answer)->has_value());
  EXPECT_EQ((*answer)->error().code, errc::closed);
}

} // namespace
} // namespace lockstep

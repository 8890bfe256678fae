// Works until it is killed, and tells each acknowledgement by a line:
//   crash_child create|lead|follow|vacuum DIRECTORY ROUND SEED
//   crash_child index DIRECTORY ROUND SEED FOLDER
//   crash_child attach DIRECTORY ROUND SEED
// The first device keeps DIRECTORY/a, the second DIRECTORY/b.
#include "tests/crash/crash_records.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include <unistd.h>

namespace {

using namespace lockstep;

/// At once and in one piece: what is told must not be lost with the process.
void tell(const std::string& lines) {
  if (write(STDOUT_FILENO, lines.data(), lines.size())
      != static_cast<ssize_t>(lines.size()))
    _exit(2);
}

[[noreturn]] void give_up(const failure& why) {
  tell(std::string{failed_word} + why.message + '\n');
  _exit(1);
}

template <class T> T must(expected<T> value) {
  if (!value)
    give_up(value.error());
  return std::move(*value);
}

/// One thread's work: it changes groups of records, one after another.
class writer {
public:
  writer(library target, record_group groups, std::int64_t last_value,
         std::uint64_t seed)
    : target_(std::move(target)), groups_(groups), value_(last_value),
      random_(seed) {
  }

  [[noreturn]] void run() {
    for (;;) {
      auto group = groups_;
      group.number = static_cast<std::uint8_t>(random_() % 6);
      // Whether a shared record is there, the other device decides, too.
      const bool may_remove = group.is_shared() || shown_.contains(group);
      const bool removes = may_remove && random_() % 6 == 0;
      const auto made = must(change(group, removes));
      std::string lines;
      for (std::uint8_t i = 0; made.last && i < group.size; ++i)
        lines += to_line({made.device, made.first, made.last, group.at(i),
                          removes ? 0 : value_});
      tell(lines);
      if (removes)
        shown_.erase(group);
      else
        shown_.insert(group);
    }
  }

private:
  expected<receipt> change(const record_group& group, bool removes) {
    ++value_;
    std::vector<counter> list;
    for (std::uint8_t i = 0; i < group.size; ++i)
      list.push_back(
        {group.at(i), value_, "of " + std::to_string(group.writer), {}});
    const auto what = removes ? change_type::remove : change_type::update;
    if (list.size() == 1)
      return target_.commit(list.front(), what).get();
    if (list.size() > 2)
      return target_.commit_batch(std::span<const counter>{list}, what).get();
    auto both = target_.transaction();
    if (!removes && shown_.contains(group) && random_() % 2 == 0)
      both.execute("UPDATE counter SET value = ? WHERE uuid IN (?, ?)",
                   {value_, to_string(list[0].uuid), to_string(list[1].uuid)});
    else
      both.put(list[0], what).put(list[1], what);
    return both.commit().get();
  }

  library target_;
  record_group groups_;
  std::int64_t value_;
  std::mt19937_64 random_;
  /// Groups whose records are there for sure.
  std::set<record_group> shown_;
};

/// What the command line says.
struct task {
  std::string mode;
  std::filesystem::path directory;
  std::int64_t first_value = 0;
  std::uint64_t seed = 0;
  std::string folder;
};

class device_work {
public:
  explicit device_work(task what) : what_(std::move(what)) {
  }

  [[noreturn]] void run() {
    auto leader
      = must(node::open(shared_, crash_options(what_.directory / "a")));
    if (what_.mode == "attach")
      attach(leader);
    auto first = must(open_crash_library(leader));
    if (what_.mode == "create" || what_.mode == "follow") {
      auto follower
        = must(node::open(shared_, crash_options(what_.directory / "b")));
      auto second = must(open_crash_library(follower, leader, first));
      if (what_.mode == "follow")
        write(second, 'b');
      finish(first);
    }
    finish(first);
  }

private:
  [[noreturn]] void finish(library& first) {
    if (what_.mode == "lead" || what_.mode == "follow")
      write(first, 'a');
    if (what_.mode == "index")
      index(first);
    if (what_.mode == "vacuum")
      vacuum(first);
    tell(std::string{ready_line} + '\n');
    for (;;)
      pause();
  }

  /// Starts threads: single records, pairs, batches, and single ones that the
  /// other device writes, too.
  void write(library& target, std::uint8_t owner) {
    must(target.use<counter>().get());
    const record_group kinds[]
      = {{owner, 1, 0, 1}, {owner, 2, 0, 2}, {owner, 3, 0, 8}, {'s', 4, 0, 1}};
    for (const auto& groups : kinds) {
      const auto seed = what_.seed + owner * 16U + groups.writer;
      std::thread{[this, target, groups, seed] {
        writer{target, groups, what_.first_value, seed}.run();
      }}.detach();
    }
  }

  /// Has a file of another program's take part, and lets go of it.
  [[noreturn]] void attach(node& device) {
    tell(std::string{ready_line} + '\n');
    for (;;) {
      auto made
        = must(device.create_library("own", what_.directory / "own.sqlite"));
      for (const auto* table : {"town", "street"})
        must(made.track({table, "", {}}).get());
      must(made.untrack("street").get());
      if (auto gone = device.delete_library(made.id(), true); !gone)
        give_up(gone.error());
      tell(std::string{indexed_line} + '\n');
    }
  }

  /// Vacuums all that can go, into the archive, while others write.
  [[noreturn]] void vacuum(library& target) {
    write(target, 'a');
    tell(std::string{ready_line} + '\n');
    for (;;)
      must(target.vacuum_old_entries(wall_time::max(), true).get());
  }

  [[noreturn]] void index(library& target) {
    write(target, 'a');
    tell(std::string{ready_line} + '\n');
    for (;;) {
      must(target.index(record_id{{7}}, what_.folder).get());
      tell(std::string{indexed_line} + '\n');
    }
  }

  task what_;
  runtime shared_;
};

} // namespace

int main(int count, char** arguments) {
  if (count < 5)
    return 3;
  auto log = spdlog::stderr_logger_mt("crash_child");
  log->set_level(spdlog::level::err);
  spdlog::set_default_logger(log);
  device_work{{arguments[1], arguments[2],
               1'000'000 * std::strtoll(arguments[3], nullptr, 10),
               std::strtoull(arguments[4], nullptr, 10),
               count > 5 ? arguments[5] : ""}}
    .run();
}

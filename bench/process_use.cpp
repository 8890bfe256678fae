#include "bench/process_use.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace lockstep::bench {

thread_use used_by(pid_t process) {
  thread_use all;
  const auto tasks
    = std::filesystem::path{"/proc"} / std::to_string(process) / "task";
  for (const auto& task : std::filesystem::directory_iterator{tasks}) {
    // Nanoseconds on a core come first.
    double nanoseconds = 0;
    std::ifstream{task.path() / "schedstat"} >> nanoseconds;
    all.seconds += nanoseconds / 1e9;
    const std::string wanted = "voluntary_ctxt_switches:";
    std::ifstream status{task.path() / "status"};
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(wanted))
        all.sleeps += std::stoull(line.substr(wanted.size()));
  }
  return all;
}

memory_use memory_in_use() {
  memory_use now;
  std::int64_t pages = 0;
  // proc(5): the second number is what is resident.
  std::ifstream{"/proc/self/statm"} >> pages >> pages;
  now.resident = pages * ::sysconf(_SC_PAGESIZE);
  sqlite3_int64 used = 0;
  sqlite3_int64 most = 0;
  // Nobody gives SQLite a buffer for its pages, so all of them "overflow".
  sqlite3_status64(SQLITE_STATUS_PAGECACHE_OVERFLOW, &used, &most, 0);
  now.page_caches = used;
  return now;
}

memory_watch::memory_watch()
  : thread_([this](const std::stop_token& ended) {
      while (!ended.stop_requested()) {
        look();
        std::this_thread::sleep_for(std::chrono::milliseconds{3});
      }
    }) {
}

memory_use memory_watch::take_most() {
  look();
  const std::lock_guard lock{mutex_};
  return std::exchange(most_, {});
}

void memory_watch::look() {
  const auto now = memory_in_use();
  const std::lock_guard lock{mutex_};
  if (now.beyond_page_caches() > most_.beyond_page_caches())
    most_ = now;
}

} // namespace lockstep::bench

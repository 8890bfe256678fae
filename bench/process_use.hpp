#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <thread>

/// What processes take of the machine, out of /proc.
namespace lockstep::bench {

/// What the threads of a process have used since they started.
struct thread_use {
  double seconds = 0; ///< On a core.
  /// How often one of them went to sleep, and so was woken.
  std::uint64_t sleeps = 0;
};

thread_use used_by(pid_t process);

/// This process's memory that is in use, in bytes.
struct memory_use {
  /// All that is resident, its program and libraries with it.
  std::int64_t resident = 0;
  /// Of it, what SQLite holds pages of files in.
  std::int64_t page_caches = 0;

  [[nodiscard]] std::int64_t beyond_page_caches() const {
    return resident - page_caches;
  }
};

memory_use memory_in_use();

/// Looks each few milliseconds how much memory this process uses.
class memory_watch {
public:
  memory_watch();

  /// The most beyond SQLite's page caches since it was asked last.
  memory_use take_most();

private:
  void look();

  std::mutex mutex_;
  memory_use most_;
  std::jthread thread_;
};

} // namespace lockstep::bench

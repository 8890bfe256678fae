#pragma once

#include "persistence/file_descriptor.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace lockstep {

/// Ends the waits of a file_notifier in another thread, for good, when it goes
/// away.
class wait_end {
public:
  wait_end(wait_end&&) noexcept = default;
  ~wait_end();

private:
  friend class file_notifier;
  explicit wait_end(std::shared_ptr<const file_descriptor> flag);

  std::shared_ptr<const file_descriptor> flag_;
};

/// Waits until somebody writes a file, or the `-wal` or `-journal` that SQLite
/// keeps beside it, or puts another file in its place. Never opens the files.
/// It may wake for nothing, and where the system cannot watch the folder (too
/// many watches, an odd file system) it only waits: whoever depends on it looks
/// by itself after a quiet wait, too. Belongs to one thread, which it blocks.
class file_notifier {
public:
  enum class woken {
    written, ///< The file may have been written.
    quiet,   ///< Nothing was heard of.
    ended,   ///< The wait_end is gone.
  };

  explicit file_notifier(const std::filesystem::path& file);

  /// What ends the waits; to be called once.
  [[nodiscard]] wait_end make_end() const;

  /// `written` at once for what happened since the last wait, and when the
  /// folder could be watched only now.
  woken wait(std::chrono::milliseconds most);

  /// Hears of nothing but the end, which makes it true.
  [[nodiscard]] bool pause(std::chrono::milliseconds time) const;

  /// Whether the folder is being watched.
  [[nodiscard]] bool watches() const {
    return folder_.is_open();
  }

private:
  bool watch_folder();
  bool take_events();

  std::filesystem::path file_;
  std::string name_;
  std::shared_ptr<const file_descriptor> end_;
  /// The folder's events.
  file_descriptor folder_;
};

} // namespace lockstep

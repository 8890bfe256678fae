#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <deque>
#include <limits>

namespace lockstep {

/// While it lives, what SQLite opens is on a disk that has room for so many
/// bytes of writing, counts how often it is flushed, and may fail to read. One
/// at a time.
class test_disk {
public:
  static constexpr auto plenty = std::numeric_limits<std::int64_t>::max();

  test_disk() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    current = this;
    vfs_.zName = "lockstep-test-disk";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }

  test_disk(const test_disk&) = delete;
  test_disk& operator=(const test_disk&) = delete;

  /// Databases that were opened meanwhile must be closed by now.
  ~test_disk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    current = nullptr;
  }

  std::int64_t room = plenty;
  int flushes = 0;
  /// The so-many-th read from now fails; none where it is 0.
  int fail_read = 0;

private:
  static inline test_disk* current = nullptr;

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags,
                  int* opened) {
    auto& disk = *current;
    auto result = disk.real_->xOpen(disk.real_, name, file, flags, opened);
    if (result == SQLITE_OK && file->pMethods != nullptr) {
      disk.write_ = file->pMethods->xWrite;
      disk.sync_ = file->pMethods->xSync;
      disk.read_ = file->pMethods->xRead;
      disk.methods_.push_back(*file->pMethods);
      disk.methods_.back().xRead = read;
      disk.methods_.back().xWrite = write;
      disk.methods_.back().xSync = flush;
      file->pMethods = &disk.methods_.back();
    }
    return result;
  }

  static int write(sqlite3_file* file, const void* bytes, int size,
                   sqlite3_int64 offset) {
    auto& disk = *current;
    if (disk.room < size)
      return SQLITE_FULL;
    if (disk.room != plenty)
      disk.room -= size;
    return disk.write_(file, bytes, size, offset);
  }

  static int read(sqlite3_file* file, void* to, int size,
                  sqlite3_int64 offset) {
    auto& disk = *current;
    if (disk.fail_read > 0 && --disk.fail_read == 0)
      return SQLITE_IOERR_READ;
    return disk.read_(file, to, size, offset);
  }

  static int flush(sqlite3_file* file, int flags) {
    ++current->flushes;
    return current->sync_(file, flags);
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  int (*write_)(sqlite3_file*, const void*, int, sqlite3_int64) = nullptr;
  int (*sync_)(sqlite3_file*, int) = nullptr;
  int (*read_)(sqlite3_file*, void*, int, sqlite3_int64) = nullptr;
  std::deque<sqlite3_io_methods> methods_;
};

} // namespace lockstep

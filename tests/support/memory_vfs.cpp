#include "tests/support/memory_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>

// SQLite's interface to a file system, on a memory_disk.
namespace lockstep {

namespace {

/// Between the Julian epoch and 1970.
constexpr std::int64_t julian_epoch_ms = 210'866'760'000'000;
constexpr int sector_size = 4096;
constexpr int longest_path = 1024;

struct open_file {
  sqlite3_file base;
  memory_volume* volume;
  std::shared_ptr<memory_file> file;
  int level;
  bool uses_regions;
};

open_file& of(sqlite3_file* file) {
  return *reinterpret_cast<open_file*>(file);
}

memory_disk& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<memory_disk*>(vfs->pAppData);
}

int close(sqlite3_file* file) {
  std::destroy_at(&of(file).file);
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  auto& self = of(file);
  if (self.file->gone || (self.volume != nullptr && self.volume->fails()))
    return SQLITE_IOERR_READ;
  const auto& content = self.file->content;
  const auto from = std::min(static_cast<std::size_t>(offset), content.size());
  const auto wanted = static_cast<std::size_t>(size);
  const auto found = std::min(wanted, content.size() - from);
  std::memcpy(to, content.data() + from, found);
  if (found == wanted)
    return SQLITE_OK;
  std::memset(static_cast<char*>(to) + found, 0, wanted - found);
  return SQLITE_IOERR_SHORT_READ;
}

/// Room for a file that would have `size`; takes it.
bool has_room(memory_volume* volume, const memory_file& file,
              std::size_t size) {
  if (volume == nullptr || size <= file.content.size())
    return true;
  const auto more = static_cast<std::int64_t>(size - file.content.size());
  if (volume->room < more)
    return false;
  if (volume->room != memory_volume::plenty)
    volume->room -= more;
  return true;
}

int write(sqlite3_file* file, const void* bytes, int size,
          sqlite3_int64 offset) {
  auto& self = of(file);
  const auto count = static_cast<std::size_t>(size);
  const auto at = static_cast<std::size_t>(offset);
  if (self.file->gone || (self.volume != nullptr && self.volume->fails()))
    return SQLITE_IOERR_WRITE;
  if (!has_room(self.volume, *self.file, at + count))
    return SQLITE_FULL;
  self.file->write(bytes, count, at);
  if (self.volume != nullptr && !self.volume->count_step())
    return SQLITE_IOERR_WRITE;
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& self = of(file);
  if (self.file->gone || (self.volume != nullptr && self.volume->fails()))
    return SQLITE_IOERR_TRUNCATE;
  self.file->resize(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int sync(sqlite3_file* file, int) {
  auto& self = of(file);
  if (self.file->gone || (self.volume != nullptr && self.volume->fails()))
    return SQLITE_IOERR_FSYNC;
  // The power may go before the flush or right after it.
  if (self.volume != nullptr && !self.volume->count_step())
    return SQLITE_IOERR_FSYNC;
  if (self.volume == nullptr || !self.volume->forgets_flushes)
    self.file->flush();
  if (self.volume != nullptr && !self.volume->count_step())
    return SQLITE_IOERR_FSYNC;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  if (of(file).file->gone)
    return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(of(file).file->content.size());
  return SQLITE_OK;
}

int lock_exclusive(open_file& self) {
  auto& file = *self.file;
  if (file.pending != nullptr && file.pending != &self)
    return SQLITE_BUSY;
  file.pending = &self;
  if (file.shared > 1)
    return SQLITE_BUSY;
  file.exclusive = &self;
  self.level = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& self = of(file);
  auto& what = *self.file;
  if (what.gone)
    return SQLITE_IOERR_LOCK;
  if (level <= self.level)
    return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (what.pending != nullptr || what.exclusive != nullptr)
      return SQLITE_BUSY;
    ++what.shared;
  } else if (level == SQLITE_LOCK_RESERVED) {
    if (what.reserved != nullptr)
      return SQLITE_BUSY;
    what.reserved = &self;
  } else {
    return lock_exclusive(self);
  }
  self.level = level;
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
  auto& self = of(file);
  auto& what = *self.file;
  for (auto* holder : {&what.reserved, &what.pending, &what.exclusive})
    if (*holder == &self)
      *holder = nullptr;
  if (level == SQLITE_LOCK_NONE && self.level >= SQLITE_LOCK_SHARED)
    --what.shared;
  self.level = std::min(self.level, level);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* reserved) {
  *reserved = of(file).file->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int what, void* argument) {
  if (what != SQLITE_FCNTL_HAS_MOVED)
    return SQLITE_NOTFOUND;
  *static_cast<int*>(argument) = 0;
  return SQLITE_OK;
}

int sector_size_of(sqlite3_file*) {
  return sector_size;
}

int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_region(sqlite3_file* file, int number, int size, int extend,
               void volatile** region) {
  auto& self = of(file);
  auto& regions = self.file->regions;
  *region = nullptr;
  if (self.file->gone)
    return SQLITE_IOERR_SHMMAP;
  if (!self.uses_regions) {
    self.uses_regions = true;
    ++self.file->region_users;
  }
  const auto wanted = static_cast<std::size_t>(number) + 1;
  if (regions.size() < wanted && extend == 0)
    return SQLITE_OK;
  while (regions.size() < wanted)
    regions.push_back(
      std::make_unique<std::byte[]>(static_cast<std::size_t>(size)));
  *region = regions[wanted - 1].get();
  return SQLITE_OK;
}

int lock_region(sqlite3_file* file, int first, int count, int flags) {
  auto& self = of(file);
  auto& what = *self.file;
  const bool is_shared = (flags & SQLITE_SHM_SHARED) != 0;
  const bool unlocks = (flags & SQLITE_SHM_UNLOCK) != 0;
  if (what.gone && !unlocks)
    return SQLITE_IOERR_SHMLOCK;
  const auto begin = static_cast<std::size_t>(first);
  const auto end = begin + static_cast<std::size_t>(count);
  if (!unlocks)
    for (auto slot = begin; slot < end; ++slot)
      if (what.region_writer[slot] != nullptr
          || (!is_shared && what.region_readers[slot] > 0))
        return SQLITE_BUSY;
  for (auto slot = begin; slot < end; ++slot) {
    if (is_shared)
      what.region_readers[slot] += unlocks ? -1 : 1;
    else if (!unlocks)
      what.region_writer[slot] = &self;
    else if (what.region_writer[slot] == &self)
      what.region_writer[slot] = nullptr;
  }
  return SQLITE_OK;
}

void barrier(sqlite3_file*) {
}

int unmap_regions(sqlite3_file* file, int) {
  auto& self = of(file);
  if (std::exchange(self.uses_regions, false) && --self.file->region_users == 0)
    self.file->regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods methods{2,
                                 close,
                                 read,
                                 write,
                                 truncate,
                                 sync,
                                 file_size,
                                 lock,
                                 unlock,
                                 check_reserved,
                                 control,
                                 sector_size_of,
                                 characteristics,
                                 map_region,
                                 lock_region,
                                 barrier,
                                 unmap_regions,
                                 nullptr,
                                 nullptr};

/// The file of an existing or new path; null where it cannot be opened.
std::shared_ptr<memory_file> open_path(memory_volume& volume,
                                       const std::string& path, int flags) {
  if (!volume.has_power())
    return nullptr;
  const bool is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  std::error_code ignored;
  auto found = volume.find(path);
  // Who removed the empty file in its place has removed the database.
  if (found && is_database && !std::filesystem::exists(path, ignored)) {
    volume.remove(path);
    volume.remove(path + "-wal");
    found = nullptr;
  }
  if (found || (flags & SQLITE_OPEN_CREATE) == 0)
    return found;
  if (is_database)
    std::ofstream{path};
  return volume.create(path);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
         int* opened) {
  file->pMethods = nullptr;
  memory_volume* volume = nullptr;
  std::shared_ptr<memory_file> found;
  if (name == nullptr) {
    found = std::make_shared<memory_file>();
  } else {
    volume = disk_of(vfs).volume_of(name);
    if (volume != nullptr)
      found = open_path(*volume, name, flags);
  }
  if (!found)
    return SQLITE_CANTOPEN;
  new (file) open_file{{&methods}, volume, std::move(found), 0, false};
  if (opened != nullptr)
    *opened = flags;
  return SQLITE_OK;
}

int remove_path(sqlite3_vfs* vfs, const char* name, int) {
  auto* volume = disk_of(vfs).volume_of(name);
  if (volume == nullptr || !volume->has_power())
    return SQLITE_IOERR_DELETE;
  volume->remove(name);
  return SQLITE_OK;
}

int access(sqlite3_vfs* vfs, const char* name, int, int* found) {
  auto* volume = disk_of(vfs).volume_of(name);
  const auto file = volume != nullptr ? volume->find(name) : nullptr;
  // As on Unix: an empty journal is none.
  *found = file && !file->content.empty() ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* full) {
  const auto path = std::filesystem::absolute(name).string();
  std::snprintf(full, static_cast<std::size_t>(size), "%s", path.c_str());
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int size, char* to) {
  for (int i = 0; i < size; ++i)
    to[i] = static_cast<char>(disk_of(vfs).draw() & 0xff);
  return size;
}

/// Nobody else would run meanwhile.
int sleep(sqlite3_vfs*, int microseconds) {
  return microseconds;
}

int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* now) {
  *now = disk_of(vfs).now() + julian_epoch_ms;
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* now) {
  sqlite3_int64 ms = 0;
  const auto result = current_time_ms(vfs, &ms);
  *now = static_cast<double>(ms) / 86'400'000.0;
  return result;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

} // namespace

std::unique_ptr<sqlite3_vfs> make_memory_vfs(memory_disk& disk) {
  auto vfs = std::make_unique<sqlite3_vfs>();
  vfs->iVersion = 2;
  vfs->szOsFile = sizeof(open_file);
  vfs->mxPathname = longest_path;
  vfs->zName = "lockstep-memory";
  vfs->pAppData = &disk;
  vfs->xOpen = open;
  vfs->xDelete = remove_path;
  vfs->xAccess = access;
  vfs->xFullPathname = full_path;
  vfs->xRandomness = randomness;
  vfs->xSleep = sleep;
  vfs->xCurrentTime = current_time;
  vfs->xCurrentTimeInt64 = current_time_ms;
  vfs->xGetLastError = last_error;
  return vfs;
}

} // namespace lockstep

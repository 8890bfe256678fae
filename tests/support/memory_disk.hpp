#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace lockstep {

/// What is left of the writes that nobody flushed when the power goes.
enum class unflushed : std::uint8_t {
  kept, ///< All of them: only the process died.
  lost, ///< None.
  torn, ///< Each by itself, or the first sectors of it.
};

/// One file in memory, with what a power cut would leave of it.
class memory_file {
public:
  static constexpr std::size_t shared_memory_locks = 8;

  /// What processes see.
  std::string content;
  /// Counts changes of the content.
  std::uint64_t changes = 0;
  /// Which of the volume's files it is, of all that there ever were.
  std::uint64_t birth = 0;
  /// A power cut took this file; who still has it open sees errors only.
  bool gone = false;

  /// Locks in the sense of SQLite's xLock: who holds which.
  int shared = 0;
  const void* reserved = nullptr;
  const void* pending = nullptr;
  const void* exclusive = nullptr;

  /// The write-ahead log's index, shared by all connections.
  std::vector<std::unique_ptr<std::byte[]>> regions;
  std::array<int, shared_memory_locks> region_readers{};
  std::array<const void*, shared_memory_locks> region_writer{};
  int region_users = 0;

  void write(const void* bytes, std::size_t size, std::size_t offset);
  void resize(std::size_t size);
  void flush();

  /// The file as it is found when the power is back.
  [[nodiscard]] std::shared_ptr<memory_file>
  after_power_cut(unflushed fate, std::mt19937_64& random) const;

private:
  struct change {
    bool resizes = false;
    std::size_t offset = 0;
    std::string bytes;
  };

  static void apply(const change& what, std::string& to);

  std::string durable_;
  std::vector<change> unflushed_;
};

/// The disk of one device: all files below a folder.
class memory_volume {
public:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr std::int64_t plenty = std::int64_t{1} << 60;

  using copy = std::map<std::string, std::string>;

  memory_volume(std::filesystem::path folder, std::uint64_t seed);

  /// From now on nothing can be read or written; open files see errors.
  void cut_power(unflushed fate);
  /// The power goes at the so-many-th write or flush from now.
  void cut_power_after(std::uint64_t steps, unflushed fate);
  void restore_power();
  [[nodiscard]] bool has_power() const {
    return powered_;
  }

  /// Flips one bit of this file; false where it is empty or not there.
  bool flip_bit(const std::string& path);

  /// What the files hold; no database may be open.
  [[nodiscard]] copy take_copy() const;
  /// As new files.
  void put_back(const copy& old);
  /// What one file holds; a file that is not there is empty.
  [[nodiscard]] std::string content_of(const std::string& path) const;
  /// One file, written over or as a new one.
  void put(const std::string& path, const std::string& content, bool is_new);

  /// Counts what was written to the file; 0 when it is not there.
  [[nodiscard]] std::uint64_t changes_of(const std::string& path) const;
  /// The same for `memory_file::birth`.
  [[nodiscard]] std::uint64_t birth_of(const std::string& path) const;

  /// Bytes by which files may still grow.
  std::int64_t room = plenty;
  /// How often a write, flush or read fails.
  std::uint32_t error_per_mille = 0;
  /// Whether a flush is answered and not done.
  bool forgets_flushes = false;

  // For the file system below SQLite.
  [[nodiscard]] bool holds(const std::filesystem::path& path) const;
  std::shared_ptr<memory_file> find(const std::string& path) const;
  std::shared_ptr<memory_file> create(const std::string& path);
  void remove(const std::string& path);
  /// Counts a write or flush towards the power cut; false when the power is
  /// gone after it.
  bool count_step();
  bool fails();

  std::uint64_t failed = 0; ///< Errors reported so far.
  std::uint64_t steps = 0;  ///< Writes and flushes so far.

private:
  std::filesystem::path folder_;
  std::mt19937_64 random_;
  std::map<std::string, std::shared_ptr<memory_file>> files_;
  std::uint64_t births_ = 0;
  bool powered_ = true;
  std::uint64_t cut_after_ = never;
  unflushed fate_ = unflushed::kept;
};

/// While it lives, SQLite keeps in memory what is opened below its volumes; an
/// empty file stands in each database's real place. Its randomness and its
/// clock are the simulation's. One at a time, used by one thread.
class memory_disk {
public:
  /// `milliseconds` since 1970 is what SQLite takes for now.
  memory_disk(std::uint64_t seed, std::function<std::int64_t()> milliseconds);
  memory_disk(const memory_disk&) = delete;
  memory_disk& operator=(const memory_disk&) = delete;
  /// All databases must be closed by now.
  ~memory_disk();

  memory_volume& add_volume(const std::filesystem::path& folder);

  /// While it lives, SQLite opens files outside the volumes, and no others.
  class outside {
  public:
    explicit outside(memory_disk& disk);
    outside(const outside&) = delete;
    outside& operator=(const outside&) = delete;
    ~outside();

  private:
    memory_disk& disk_;
  };

  memory_volume* volume_of(const std::filesystem::path& path);
  std::uint64_t draw() {
    return random_();
  }
  [[nodiscard]] std::int64_t now() const {
    return now_();
  }

private:
  std::mt19937_64 random_;
  std::function<std::int64_t()> now_;
  std::vector<std::unique_ptr<memory_volume>> volumes_;
  sqlite3_vfs* real_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

/// SQLite's view of a disk; see memory_vfs.cpp.
std::unique_ptr<sqlite3_vfs> make_memory_vfs(memory_disk& disk);

} // namespace lockstep

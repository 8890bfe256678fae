#include "tests/simulation/repair.hpp"

#include "persistence/library_repair.hpp"

#include <array>
#include <fstream>
#include <iterator>

namespace lockstep::simulation {

namespace {

namespace fs = std::filesystem;

/// Of a database.
constexpr std::array<const char*, 3> parts{"", "-wal", "-journal"};

std::string read_whole(const fs::path& file) {
  std::ifstream from{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{from}, {}};
}

void write_whole(const fs::path& file, const std::string& content) {
  std::ofstream{file, std::ios::binary} << content;
}

fs::path with(fs::path file, const char* suffix) {
  return file += suffix;
}

void take_out(const memory_volume& disk, const fs::path& file,
              const fs::path& to) {
  for (const auto* part : parts)
    if (const auto content = disk.content_of(with(file, part).string());
        !content.empty())
      write_whole(with(to, part), content);
}

void bring_back(memory_volume& disk, const fs::path& from, const fs::path& file,
                const repaired_file& what) {
  for (const auto* part : parts) {
    const auto name = with(file, part).string();
    if (fs::exists(with(from, part)))
      disk.put(name, read_whole(with(from, part)),
               what.found != file_state::whole);
    else
      disk.remove(name);
  }
}

} // namespace

expected<library_repair> repair(world& where, device& which) {
  const auto database = where.database_of(which);
  const auto log = where.log_of(which);
  const auto aside
    = which.folder.parent_path() / "aside" / database.parent_path().filename();
  fs::remove_all(aside);
  fs::create_directories(aside);
  fs::copy_file(database.parent_path() / "library.json",
                aside / "library.json");
  const auto folder = open_library_folder(aside);
  if (!folder)
    return tl::make_unexpected(folder.error());
  take_out(*which.disk, database, folder->database_file());
  take_out(*which.disk, log, folder->sync_log_file());
  auto now = [&] {
    const auto wall = where.wall_of(which.number).time_since_epoch();
    return timestamp::from(static_cast<std::uint64_t>(wall.count()), 0);
  };
  const memory_disk::outside real{where.disk()};
  auto mended
    = repair_files(*folder, {which.id, where.limits.library, now, false});
  if (mended) {
    bring_back(*which.disk, folder->database_file(), database,
               mended->database);
    bring_back(*which.disk, folder->sync_log_file(), log, mended->log);
  }
  fs::remove_all(aside);
  return mended;
}

} // namespace lockstep::simulation

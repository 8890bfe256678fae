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
               what.found != lockstep::file_state::whole);
    else
      disk.remove(name);
  }
}

/// A library's files below another folder, on the real disk.
class real_copy {
public:
  real_copy(world& where, const device& which)
    : disk_(*which.disk), database_(where.database_of(which)),
      log_(where.log_of(which)), folder_(which.folder.parent_path() / "aside"
                                         / database_.parent_path().filename()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::copy_file(database_.parent_path() / "library.json",
                  folder_ / "library.json");
    take_out(disk_, database_, folder_ / "database.db");
    take_out(disk_, log_, folder_ / "sync.db");
  }
  real_copy(const real_copy&) = delete;
  real_copy& operator=(const real_copy&) = delete;
  ~real_copy() {
    fs::remove_all(folder_);
  }

  [[nodiscard]] const fs::path& folder() const {
    return folder_;
  }

  void bring_back(const library_repair& mended) {
    simulation::bring_back(disk_, folder_ / "database.db", database_,
                           mended.database);
    simulation::bring_back(disk_, folder_ / "sync.db", log_, mended.log);
  }

private:
  memory_volume& disk_;
  fs::path database_;
  fs::path log_;
  fs::path folder_;
};

} // namespace

expected<library_repair> repair(world& where, device& which, bool alone) {
  real_copy copy{where, which};
  const auto folder = open_library_folder(copy.folder());
  if (!folder)
    return tl::make_unexpected(folder.error());
  auto now = [&] {
    const auto wall = where.wall_of(which.number).time_since_epoch();
    return timestamp::from(static_cast<std::uint64_t>(wall.count()), 0);
  };
  const memory_disk::outside real{where.disk()};
  auto mended
    = repair_files(*folder, {which.id, where.limits.library, now, alone});
  if (mended)
    copy.bring_back(*mended);
  return mended;
}

std::string application_schema(world& where, device& which) {
  const real_copy copy{where, which};
  const memory_disk::outside real{where.disk()};
  std::string schema;
  try {
    SQLite::Database database{(copy.folder() / "database.db").string()};
    SQLite::Statement made{database, "SELECT sql FROM sqlite_schema WHERE"
                                     " name = ?"};
    for (const auto& table : where.tables) {
      made.bind(1, std::string{table.name});
      schema += made.executeStep() ? made.getColumn(0).getString() : "";
      made.reset();
    }
    return schema;
  } catch (const SQLite::Exception&) {
    return {};
  }
}

} // namespace lockstep::simulation

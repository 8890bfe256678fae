#pragma once

#include "tests/support/fleet.hpp"

#include <filesystem>
#include <string>

namespace lockstep {

/// Devices that may come back as a copy of their files left them.
class copied_fleet : public fleet {
public:
  std::filesystem::path folder_of(const std::string& name) {
    return database_of(name).parent_path();
  }

  void copy(const std::string& name) {
    crash(name);
    std::filesystem::copy(folder_of(name), copy_of(name),
                          std::filesystem::copy_options::recursive);
    start(name);
    reopen(name);
  }

  /// Its files are gone, and the copy is put in their place.
  void put_back(const std::string& name) {
    crash(name);
    std::filesystem::remove_all(folder_of(name));
    std::filesystem::copy(copy_of(name), folder_of(name),
                          std::filesystem::copy_options::recursive);
    start(name);
    reopen(name);
  }

  /// The same for its database.db alone.
  void put_database_back(const std::string& name) {
    crash(name);
    for (const std::string file :
         {"database.db", "database.db-wal", "database.db-shm"}) {
      std::filesystem::remove(folder_of(name) / file);
      if (const auto kept = copy_of(name) / file; std::filesystem::exists(kept))
        std::filesystem::copy(kept, folder_of(name) / file);
    }
    start(name);
    reopen(name);
  }

private:
  std::filesystem::path copy_of(const std::string& name) {
    return folder_of(name) += ".copy";
  }
};

} // namespace lockstep

#pragma once

#include "bench/process_use.hpp"
#include "tests/processes/process.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace lockstep::bench {

/// A device with ten libraries in a process of its own, so that its memory is
/// nobody else's. Ends the program where it says no more.
class weighed_leader {
public:
  explicit weighed_leader(const std::filesystem::path& folder);

  /// The most that it has used beyond page caches since it was asked last.
  memory_use most();
  /// Writes so many rows into the first library, in one transaction.
  void write(std::size_t rows);
  /// Into one of the libraries, from 0.
  std::string invitation(std::size_t which);

private:
  std::string ask(const std::string& line);

  std::unique_ptr<process> child_;
};

/// What the other process does, until its standard input ends; its exit status.
int lead(const std::filesystem::path& folder);

/// The argument that makes `main` call `lead` with the next one.
inline constexpr const char* lead_argument = "--lead";

/// "RESIDENT PAGE_CACHES", as both kinds of processes tell it.
memory_use parse_memory(const std::string& line);

inline constexpr std::size_t weighed_libraries = 10;

} // namespace lockstep::bench

#pragma once

#include <string>
#include <vector>

namespace lockstep {

/// Tables as people make them, and what programs do to them. No two have a
/// table of the same name.
struct written_tables {
  std::string name;
  std::string schema;
  std::vector<std::string> tables; ///< Those that are tracked, parents first.
  std::string first;               ///< What a program on one device runs,
  std::string second;              ///< and then one on another.
};

/// All that a program's file may hold and its statements may do.
std::vector<written_tables> all_written_tables();

} // namespace lockstep

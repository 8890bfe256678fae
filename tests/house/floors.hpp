#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::house {

/// One source file: its path from the top of the tree, with slashes, and its
/// text.
struct source_file {
  std::string path;
  std::string text;
};

/// Where a rule is broken, as `path:line: what`.
using complaints = std::vector<std::string>;

/// Every .hpp and .cpp of the floors and of tests/, in the order of their
/// paths.
std::vector<source_file> read_sources(const std::filesystem::path& top);

/// Includes that go upwards, sideways or around the tree's top; and what
/// protocol/ and everybody but the tests must not include.
complaints check_includes(const source_file& file);

/// More than 400 lines, or 600 in tests/.
complaints check_length(const source_file& file);

} // namespace lockstep::house

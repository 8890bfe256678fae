#pragma once

#include "messages/errors.hpp"
#include "messages/index.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace lockstep {

/// Walks a folder and all below it in slices, with one directory open at a
/// time. Links are noted, not followed. What cannot be read is counted and
/// left out; what vanishes meanwhile is left out.
class folder_walk {
public:
  /// Fails with one sentence when the folder is missing, no folder, or cannot
  /// be read.
  static expected<folder_walk> open(const std::filesystem::path& folder);

  /// The next rows, `limit` at most; the folder itself is none of them.
  std::vector<indexed_file> next(std::size_t limit);

  /// Nothing is left.
  [[nodiscard]] bool done() const;

  /// What was found so far.
  [[nodiscard]] const index_outcome& found() const {
    return found_;
  }

private:
  explicit folder_walk(std::filesystem::path folder);

  void open_next();
  void visit(const std::string& name, std::vector<indexed_file>& rows);
  void count(const indexed_file& row);

  std::filesystem::path folder_;
  /// The open directory, and its path below the folder.
  std::filesystem::directory_iterator here_;
  std::string here_path_;
  /// Directories still to open, below the folder.
  std::vector<std::string> waiting_;
  index_outcome found_;
};

} // namespace lockstep

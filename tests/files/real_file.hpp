#pragma once

#include "tests/apps/hosted_nodes.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

namespace lockstep {

/// A file of another program's on three devices: on the first as it came, on
/// the second only its empty tables, on the third another copy of it.
class real_file : public hosted_nodes {
protected:
  /// Begins with the file on all three; the test is to end where it fails.
  void begin(const std::filesystem::path& file);

  /// The same statements on one device and on a copy without Lockstep.
  void edit(std::size_t device, const std::string& sql);

  /// SQL that changes some rows of every tracked table, or removes some where
  /// no other table refers to them: about one of `every`.
  std::string change_some(int every, int which);
  std::string remove_some(int every, int which);

  /// Until nothing is under way any more.
  bool come_together();

  /// Same rows everywhere, and the files are sound.
  void expect_equal();

  std::vector<std::string> tracked;

private:
  struct device {
    node own;
    library shared;
    std::filesystem::path file;
  };

  void track_all(library& on);

  std::vector<device> devices_;
  std::filesystem::path reference_;
};

} // namespace lockstep

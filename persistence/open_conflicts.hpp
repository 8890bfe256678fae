#pragma once

#include "persistence/library_store.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

/// What open conflicts keep, by the record that they are about, for a device
/// that leads. Reads all of them when it is first asked, and looks at none
/// where there are very many. One that is over or was never made does no harm
/// in it. Throws.
class open_conflicts {
public:
  explicit open_conflicts(library_store& store) : store_(store) {
  }

  /// A conflict that is about this record from now on.
  void add(const record_key& about, record_id conflict);

  /// Those that keep this image of the record, and whose.
  std::vector<std::pair<record_id, device_id>>
  that_keep(const record_key& about, std::string_view image);

private:
  void read_all();

  library_store& store_;
  bool is_read_ = false;
  std::map<record_key, std::set<record_id>> all_;
};

} // namespace lockstep

#pragma once

#include "persistence/library_store.hpp"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

/// What open conflicts keep, by the record that they are about. Reads all of
/// them when it is first asked, and looks at none where there are very many.
/// Throws.
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
  std::multimap<record_key, record_id> all_;
};

} // namespace lockstep

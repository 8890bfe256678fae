#pragma once

#include "persistence/library_store.hpp"
#include "persistence/readable_rows.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// A table that a damaged database tracked.
struct tracked_before {
  std::string table;
  std::string model;
  /// The model's name in the index, where that is another one.
  std::string model_in_index;
  std::vector<std::string> excluded;
};

/// What can be read of them. Each name is in a row and in an index; damage may
/// have changed either.
std::vector<tracked_before> read_tracked(const readable_rows& damaged);

/// Of two names of a model the one of which the log knows records, or else the
/// table's. `rebuilt` knows what the log says.
void choose_model(library_store& rebuilt, tracked_before& what);

} // namespace lockstep

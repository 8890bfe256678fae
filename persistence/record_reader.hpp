#pragma once

#include "persistence/library_store.hpp"

namespace lockstep {

/// A record as it stands on this device: its row, or for a model without a
/// table its newest image. Throws SQLite::Exception.
expected<std::optional<record_image>>
find_record(library_store& store, const std::string& model, record_id record);

/// Records of a model with a table in the order of their keys, after one of
/// them. `not_found` for a model without a table. Throws SQLite::Exception.
expected<std::vector<record_image>> list_records(library_store& store,
                                                 const std::string& model,
                                                 record_id after,
                                                 std::uint32_t limit);

} // namespace lockstep

#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace lockstep {

/// What a column prefers to store (https://sqlite.org/datatype3.html, 3).
enum class column_affinity { integer, text, blob, real, numeric };

/// By the column's declared type; of a column without one, `blob`.
column_affinity affinity_of(std::string_view declared_type);

/// Whether a column gives back exactly this value of an image (image.hpp) once
/// it is stored. False where that would have to be tried.
bool is_kept_as_it_is(const nlohmann::json& value, column_affinity affinity);

} // namespace lockstep

#pragma once

#include "messages/clock.hpp"
#include "messages/errors.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// The small JSON files that describe a device or a library: an object with a
/// number `format`.
namespace lockstep {

/// Reads one. `not_found`; `corrupt` when it is no such object; `newer_format`
/// when its format is above `known`. Nothing is ever changed.
expected<nlohmann::json> read_described(const std::filesystem::path& file,
                                        int known);

/// Writes one, atomically. `invalid_argument` for text that is not UTF-8.
expected<void> write_described(const std::filesystem::path& file,
                               const nlohmann::json& content);

/// `2026-11-23T15:52:55.123Z`
std::string to_text(wall_time value);

/// Reads what `to_text` writes.
std::optional<wall_time> parse_wall_time(std::string_view text);

/// A name that people give to a device or a library: 1 to 100 characters of
/// UTF-8, no control characters, no slash. `what` starts the sentence of a
/// refusal ("The library's name").
expected<void> check_name(std::string_view what, std::string_view name);

} // namespace lockstep

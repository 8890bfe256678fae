#pragma once

#include "messages/errors.hpp"
#include "messages/numbers.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace lockstep {

/// Copies a library's database as it is at one moment into a new file, also
/// while anybody writes to it; through which entry of the log it is applied.
/// Pages are copied as they are, so that rows keep their numbers: put in the
/// place of the library's database it knows what it is, and is brought up to
/// date from the log. `progress` is told how many pages of how many are copied.
/// Errors: `already_exists` for the copy; those of reading and writing, after
/// which nothing is left of it.
expected<sequence_number> back_up_database(
  const std::filesystem::path& database, const std::filesystem::path& copy,
  const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace lockstep

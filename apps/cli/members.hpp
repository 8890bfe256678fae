#pragma once

#include "apps/cli/commands.hpp"
#include "apps/embedded/library.hpp"

#include <string>

namespace lockstep::cli {

/// Which member is meant, by its id, an unambiguous start of it, or its name.
/// Errors: `not_found`, `invalid_argument` where several are.
expected<member> find_member(library& of, const std::string& text);

/// `members` and `remove`.
void add_members(commands& all);

} // namespace lockstep::cli

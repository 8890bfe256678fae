#pragma once

#include "messages/errors.hpp"
#include "messages/link_messages.hpp"

#include <string>
#include <string_view>

namespace lockstep {

/// An invitation as one line that people can copy: `lockstep:` and letters,
/// digits, `-` and `_`. The end of it is a checksum.
std::string to_text(const invitation& what);

/// Reads what `to_text` wrote; space around it does not count. Errors:
/// `invalid_argument`, with what to do: it is no invitation, has a typo, or is
/// of a newer version.
expected<invitation> parse_invitation(std::string_view text);

} // namespace lockstep

#pragma once

#include "messages/ids.hpp"

#include <string_view>

namespace lockstep {

/// UUIDv5 (RFC 9562) of a name in a namespace of Lockstep's own: the same name
/// gives the same id on every device.
record_id make_uuid_v5(std::string_view name);

} // namespace lockstep

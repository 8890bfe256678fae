#pragma once

#include "messages/ids.hpp"

namespace lockstep {

/// A new record's id: a UUIDv7 of this moment, so that records made one after
/// another lie side by side on the disk.
record_id make_record_id();

} // namespace lockstep

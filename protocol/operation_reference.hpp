#pragma once

#include "messages/operation.hpp"

#include <string_view>

namespace lockstep {

/// What `operation::base_operation` says of an operation that `writer` built
/// on: its number where the writer made it, else a mark, which no number is.
/// The same for an operation whatever log it comes to stand in, unlike its
/// version. A device that knows of no marks takes one for an operation that it
/// never saw.
device_sequence_number
reference_to(device_id maker, device_sequence_number number, device_id writer);

/// The mark of an operation, also for its own maker: what is built on it as it
/// came to be when it was merged, and saw all that it says.
device_sequence_number mark_of(device_id maker, device_sequence_number number);

/// The mark of what a leader merged an operation into, where that does not show
/// all that the operation says: another leader may have merged it otherwise.
device_sequence_number mark_of_merged(device_id maker,
                                      device_sequence_number number,
                                      std::string_view image);

/// Whether this is a mark.
bool is_mark(device_sequence_number reference);

/// Whether an operation was built on this one.
bool is_built_on(const operation& what, device_id maker,
                 device_sequence_number number);

} // namespace lockstep

#pragma once

#include "messages/member_description.hpp"
#include "persistence/library_store.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// Who takes part, as far as this device knows. Before the log has arrived that
/// says it, a newcomer knows `joined_from`, the device that let it in (nil on
/// the creator), and is no member itself. After a log was cut, also those whom
/// only what was given back names: one of them may be who has the rest.
expected<std::vector<member>> known_members(library_store& store,
                                            device_id joined_from);

/// Which entry said last who takes part; none before the log names anybody.
expected<sequence_number> newest_member_entry(library_store& store);

/// The members from the log, with what it says about reaching them.
expected<std::vector<member_description>>
described_members(library_store& store);

/// Up to where the log may be vacuumed when all members that count were heard
/// to hold it up to `through`: nothing while a device that was let in may still
/// be on its way through what stood before.
expected<sequence_number> vacuum_bound(library_store& store,
                                       sequence_number through);

/// The image of an entry of model `lockstep.member`.
std::string image_of(const member_description& what);

} // namespace lockstep

#pragma once

#include "messages/errors.hpp"
#include "messages/library_requests.hpp"
#include "messages/refused_by.hpp"
#include "messages/replication_view.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// `not_member` where this device was removed from the library of that name:
/// its log says so, or members say it and none that is connected says
/// otherwise. The error of what could not be asked.
expected<void>
check_membership_in(const std::string& library,
                    const expected<library_status>& known,
                    const expected<replication_view>& seen,
                    const expected<std::vector<refused_by>>& refused);

} // namespace lockstep

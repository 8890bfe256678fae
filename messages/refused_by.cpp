#include "messages/refused_by.hpp"

#include <algorithm>

namespace lockstep {

bool is_turned_away(const replication_view& now) {
  using peer = replication_view::peer;
  return std::ranges::any_of(now.peers, &peer::refuses)
         && std::ranges::none_of(now.peers, [](const peer& one) {
              return one.connected && !one.refuses;
            });
}

failure removed_from(const std::string& library) {
  return {errc::not_member,
          "This device is no member of \"" + library
            + "\" any more; to take part again, take the library off it with"
              " lockstep library delete \""
            + library
            + "\" --detach (lockstep backup keeps a copy), then join with a new"
              " invitation."};
}

} // namespace lockstep

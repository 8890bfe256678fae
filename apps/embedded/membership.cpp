#include "apps/embedded/membership.hpp"

#include <algorithm>

namespace lockstep {

namespace {

bool is_removed_by_log(const library_status& known) {
  return std::ranges::any_of(known.members, [&](const member& one) {
    return one.removed && one.device == known.device;
  });
}

bool is_removed_by_members(const replication_view& seen,
                           const std::vector<refused_by>& refused) {
  using peer = replication_view::peer;
  const auto& peers = seen.peers;
  // One that was away may not know that this device was let in again.
  return std::ranges::any_of(refused,
                             [&](const refused_by& one) {
                               return one.removed
                                      && std::ranges::find(peers, one.device,
                                                           &peer::device)
                                           != peers.end();
                             })
         && std::ranges::none_of(peers, [](const peer& one) {
              return one.connected && !one.refuses;
            });
}

} // namespace

expected<void>
check_membership_in(const std::string& library,
                    const expected<library_status>& known,
                    const expected<replication_view>& seen,
                    const expected<std::vector<refused_by>>& refused) {
  if (!known || !seen || !refused)
    return tl::make_unexpected(!known  ? known.error()
                               : !seen ? seen.error()
                                       : refused.error());
  if (is_removed_by_log(*known) || is_removed_by_members(*seen, *refused)
      || is_turned_away(*seen))
    return tl::make_unexpected(removed_from(library));
  return {};
}

} // namespace lockstep

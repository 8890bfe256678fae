#include "apps/embedded/node.hpp"

#include <algorithm>

namespace lockstep {

expected<void> node::check_membership(const library& of) {
  auto asked = of;
  const auto known = asked.status().get();
  const auto seen = asked.replication().get();
  const auto refused = refusals();
  if (!known || !seen || !refused)
    return tl::make_unexpected(!known  ? known.error()
                               : !seen ? seen.error()
                                       : refused.error());
  const bool by_log = std::ranges::any_of(known->members, [&](const member& m) {
    return m.removed && m.device == known->device;
  });
  const auto& peers = seen->peers;
  // One that was away may not know that this device was let in again.
  const bool by_network
    = std::ranges::any_of(*refused,
                          [&](const refused_by& one) {
                            return one.removed
                                   && std::ranges::find(
                                        peers, one.device,
                                        &replication_view::peer::device)
                                        != peers.end();
                          })
      && std::ranges::none_of(
        peers, [](const auto& one) { return one.connected && !one.refuses; });
  if (by_log || by_network || is_turned_away(*seen))
    return tl::make_unexpected(removed_from(of.name()));
  return {};
}

} // namespace lockstep

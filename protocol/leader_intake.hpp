#pragma once

#include "protocol/replication_context.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace lockstep {

/// Takes proposals on the leader: hands one of each peer at a time to the
/// library, lets a bounded number wait, and refuses the rest. Part of
/// `replication_machine`.
class leader_intake {
public:
  explicit leader_intake(replication_context& context) : context_(context) {
  }

  /// Another ballot or role: what waits is forgotten; it will come again.
  void restart();
  void on_propose(device_id from, const propose& wish,
                  replication_effects& out);
  void on_sequenced(device_id from,
                    const expected<operations_sequenced>& result,
                    replication_effects& out);
  void on_peer_down(device_id device);

private:
  struct proposals {
    /// The ballot of the one that the library is busy with.
    std::optional<ballot> running;
    std::deque<sequence_operations> waiting;
  };

  void run(sequence_operations what, replication_effects& out);
  void answer(device_id to, proposal_ack what, replication_effects& out) const;

  replication_context& context_;
  std::map<device_id, proposals> peers_;
};

} // namespace lockstep

#pragma once

#include "messages/first_sync.hpp"
#include "messages/library_requests.hpp"
#include "messages/log_requests.hpp"
#include "messages/peer_messages.hpp"

#include <variant>
#include <vector>

namespace lockstep {

/// Say this to a peer. May be lost, repeated or overtaken.
struct replication_send {
  device_id to;
  peer_message message;
};

/// Read the own log for a peer; answered by
/// `replication_machine::on_served`.
struct replication_serve {
  device_id to;
  /// The ballot known here when the peer asked.
  ballot under;
  serve_entries request;
};

/// What the machine wants done, in this order. Each effect but
/// `replication_send`, the `…_advanced`, `first_sync_target` and
/// `vacuum_bound_moved` is answered
/// exactly once, with its result or a failure:
/// - `apply_entries` by `on_applied`, `yield_log` by `on_yielded`,
/// - `find_match` (on the own log) by `on_match`,
/// - `fetch_pending` by `on_pending`,
/// - `sequence_operations` by `on_sequenced`.
using replication_effect
  = std::variant<replication_send, replication_serve, apply_entries, yield_log,
                 find_match, fetch_pending, sequence_operations,
                 stable_advanced, majority_advanced, first_sync_target,
                 vacuum_bound_moved>;

using replication_effects = std::vector<replication_effect>;

} // namespace lockstep

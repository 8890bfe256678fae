#pragma once

#include "config/log_settings.hpp"
#include "config/network_settings.hpp"
#include "config/vacuum_settings.hpp"
#include "messages/clock.hpp"
#include "messages/errors.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What can be set: one struct per concern, with the defaults. A setting is
/// named `concern.field` in `lockstep.ini` and on the command line.
namespace lockstep {

/// What a leader needs of the others.
enum class consistency : std::uint8_t {
  available = 0, ///< Nothing: each part of the devices goes on by itself.
  quorum = 1,    ///< A majority of the members.
};

struct leadership_settings {
  /// How often a leader says that it lives.
  duration heartbeat = std::chrono::seconds{30};
  /// Without a heartbeat for this long, a leader is considered gone.
  duration timeout = std::chrono::seconds{60};
  /// How long a leader may count on its leadership after an answered heartbeat.
  duration lease = std::chrono::seconds{90};
  /// How long a claim waits for refusals.
  duration election_window = std::chrono::seconds{2};
  /// Rank among equally long logs; below zero: never lead.
  std::int32_t priority = 0;
  /// Whether a majority must follow a leader, and hold an entry before a
  /// receipt says `sequenced`. To be the same on all members.
  lockstep::consistency consistency = consistency::available;
};

struct replication_settings {
  /// Entries a fetch asks for.
  std::uint32_t fetch_limit = 100;
  /// Entries a fetch asks for while far behind.
  std::uint32_t catch_up_limit = 1000;
  /// Groups up to this many entries ride inline in the notification.
  std::uint32_t inline_limit = 32;
  /// Groups whose images pass this many bytes do not ride inline.
  std::size_t inline_bytes_limit = std::size_t{256} << 10;
  /// Proposals of one peer that wait while an earlier one of it is sequenced;
  /// more are refused.
  std::size_t proposal_queue_limit = 1;
  /// Operations in one proposal; a larger transaction goes whole all the same.
  std::uint32_t propose_limit = 256;
  /// How long to wait for an answer before asking again; doubles each time.
  duration retry_first = std::chrono::milliseconds{500};
  duration retry_most = std::chrono::seconds{30};
};

struct library_settings {
  /// Waiting writes beyond this many are refused with `errc::busy`.
  std::size_t queue_limit = 10'000;
  /// Operations in one transaction (commit group) at most.
  std::size_t group_limit = 1'000;
  /// Bytes of one entry's image at most.
  std::size_t entry_bytes_limit = std::size_t{64} << 20;
  /// Bytes of one transaction that are held in memory, about; what goes beyond
  /// is in temporary files meanwhile.
  std::size_t transaction_memory = std::size_t{16} << 20;
  /// A remote clock further ahead than this is clamped.
  duration clock_ahead_limit = std::chrono::minutes{5};
};

struct event_settings {
  /// Events that wait for one subscriber at most; the rest are counted as lost.
  std::size_t queue_limit = 1'024;
};

struct index_settings {
  /// Rows of one insert transaction.
  std::size_t batch = 2'000;
};

struct settings {
  leadership_settings leadership;
  replication_settings replication;
  log_settings log;
  library_settings library;
  event_settings events;
  index_settings index;
  network_settings network;
  vacuum_settings vacuum;
  member_settings member;
};

} // namespace lockstep

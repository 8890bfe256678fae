#pragma once

#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <cstdint>
#include <string_view>

namespace lockstep {

/// How far a write is. Each state includes those before it.
enum class receipt_state : std::uint8_t {
  local = 0,     ///< Durable on this device.
  sequenced = 1, ///< It has its place in the log.
  stable = 2,    ///< Every member holds it.
};

/// "local", "sequenced" or "stable".
std::string_view to_string(receipt_state state);

/// What a commit is answered with.
struct receipt {
  receipt_state state = receipt_state::local;
  device_id device;
  /// The operations of this commit, both included; none when nothing changed.
  device_sequence_number first;
  device_sequence_number last;
  /// The entry that closes the commit; none before it is sequenced.
  sequence_number sequence;
  /// Members known to hold it, this device included.
  std::uint32_t holders = 1;
  /// Operations of the commit that lost and are kept as conflicts.
  std::uint32_t conflicts = 0;
};

} // namespace lockstep

#pragma once

#include "messages/peer_messages.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace lockstep {

/// Makes messages of every kind from a seed; text holds any bytes.
class random_messages {
public:
  explicit random_messages(std::uint64_t seed) : random_(seed) {
  }

  /// The `kind`-th alternative of `peer_message`.
  envelope make(std::size_t kind);

private:
  std::uint64_t number();
  std::uint64_t below(std::uint64_t end) {
    return random_() % end;
  }
  bool coin() {
    return below(2) == 1;
  }
  std::string text(std::size_t longest);
  template <class Id> Id id();
  template <class Number> Number count() {
    return Number{number()};
  }
  lockstep::ballot ballot() {
    return {count<term_number>(), id<device_id>()};
  }
  log_position position() {
    return {ballot(), count<sequence_number>()};
  }
  change_type change() {
    return static_cast<change_type>(1 + below(4));
  }
  lockstep::entry entry();
  std::vector<lockstep::entry> entries_list();
  std::vector<lockstep::accepted_range> ranges();
  lockstep::vacuum_bounds bounds();
  lockstep::operation operation();
  peer_message message(std::size_t kind);

  std::mt19937_64 random_;
};

inline constexpr std::size_t message_kinds = std::variant_size_v<peer_message>;

} // namespace lockstep

#pragma once

#include "protocol/replication.hpp"

#include <string>
#include <utility>
#include <vector>

namespace lockstep::testing {

/// Device `self` with its machine; what the machine wants is written down in
/// one line per effect, positions as term.sequence.
class notebook {
public:
  static constexpr std::uint8_t self = 1;
  static constexpr std::uint8_t other = 2;
  static constexpr std::uint8_t third = 3;

  /// The own log ends at `head`; the members are devices 1 to 3.
  explicit notebook(log_position head, replication_settings settings = {});

  static device_id device(std::uint8_t number);
  /// A ballot that device `leader` made.
  static lockstep::ballot ballot(std::uint64_t term, std::uint8_t leader);
  /// A position under a ballot of device 2, or the empty one.
  static log_position at(std::uint64_t term, std::uint64_t sequence);
  /// Entries `first` to `last` under a ballot of device 2 in that term.
  static std::vector<entry> entries_of(std::uint64_t term, std::uint64_t first,
                                       std::uint64_t last);
  static log_head head_at(std::uint64_t term, std::uint64_t sequence);
  static std::vector<operation> operations(std::uint8_t of, std::uint64_t first,
                                           std::uint64_t last);

  std::string follow(std::uint64_t term, std::uint8_t leader);
  std::string lead(std::uint64_t term);
  std::string up(std::uint8_t peer);
  std::string down(std::uint8_t peer);
  std::string hear(std::uint8_t peer, const peer_message& message);
  std::string pass(duration time);
  /// Lets exactly as much time pass as the machine wants.
  std::string pass_until_due();
  /// The result of one of the machine's own effects, or another input.
  template <class Input> std::string input(Input&& call) {
    return write_down(std::forward<Input>(call)(machine, now));
  }

  /// Whether it notes what may be vacuumed, too.
  bool tells_vacuum = false;
  replication_machine machine;
  time_point now{std::chrono::hours{1}};

private:
  [[nodiscard]] std::string write_down(const replication_effects& list) const;
};

} // namespace lockstep::testing

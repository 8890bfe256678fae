#pragma once

#include "messages/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace lockstep {

/// How long they are kept out who broke the protocol.
struct offender_limits {
  /// After the first offence; each further one doubles it.
  duration first = std::chrono::seconds{1};
  duration most = std::chrono::minutes{10};
  /// How many are remembered.
  std::size_t known_most = 1'024;
};

/// Who broke the protocol, under whatever name they are known by, and how long
/// they are kept out for it. Who keeps to it for `most` after that has a clean
/// slate. Pure; bounded whoever comes.
class offenders {
public:
  explicit offenders(const offender_limits& limits = {});

  /// An offence; returns how long it is kept out for.
  duration note(const std::string& who, time_point now);

  /// Until when it is kept out; nothing for who may come.
  [[nodiscard]] std::optional<time_point> kept_out(const std::string& who,
                                                   time_point now) const;

  void forgive(const std::string& who);

  [[nodiscard]] std::size_t size() const {
    return known_.size();
  }

private:
  struct record {
    std::uint32_t offences = 0;
    time_point until{};
  };

  [[nodiscard]] bool is_over(const record& what, time_point now) const;
  void make_room(time_point now);

  offender_limits limits_;
  std::map<std::string, record> known_;
};

} // namespace lockstep

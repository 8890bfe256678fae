#pragma once

#include "messages/clock.hpp"
#include "persistence/file_birth.hpp"

#include <caf/actor_clock.hpp>
#include <caf/spawn_options.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>

namespace lockstep {

/// Time asleep included; steady_clock stands still then.
std::chrono::milliseconds time_since_boot();

/// What differs between production and simulation.
struct environment {
  /// In simulation every actor is scheduled by the test coordinator, also those
  /// that do blocking I/O.
  bool simulated = false;
  /// The device's wall clock, as a function of the actor clock's reading.
  std::function<wall_time(time_point)> wall = [](time_point) {
    return std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::now());
  };
  /// How long the machine has been up, asleep or not, as a function of the
  /// same.
  std::function<std::chrono::milliseconds(time_point)> uptime = [](time_point) {
    return time_since_boot();
  };
  /// When a file was made, which tells it from its copies.
  std::function<std::uint64_t(const std::filesystem::path&)> birth = file_birth;
  /// Seeds every random choice of the device.
  std::uint64_t seed = 0;

  /// The wall clock's reading, `ahead` added, in milliseconds since 1970.
  [[nodiscard]] std::uint64_t unix_ms(time_point now,
                                      std::chrono::milliseconds ahead) const {
    const auto since = (wall(now) + ahead).time_since_epoch();
    return static_cast<std::uint64_t>(std::max(since, since.zero()).count());
  }
};

/// Spawns an actor that does blocking I/O: with a thread of its own, but pooled
/// in simulation, where a detached actor would escape the coordinator.
template <class Spawner, class F, class... Args>
auto spawn_blocking(Spawner& spawner, const environment& env, F&& behavior,
                    Args&&... args) {
  if (env.simulated)
    return spawner.spawn(std::forward<F>(behavior),
                         std::forward<Args>(args)...);
  return spawner.template spawn<caf::detached>(std::forward<F>(behavior),
                                               std::forward<Args>(args)...);
}

} // namespace lockstep

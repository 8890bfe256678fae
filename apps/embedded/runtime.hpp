#pragma once

#include "messages/ids.hpp"

#include <memory>

namespace caf {
class actor_system;
class actor_system_config;
} // namespace caf

namespace lockstep {

struct runtime_access;

/// What all nodes of one process share: threads, and the links between them.
/// Make it first and let it go last.
class runtime {
public:
  /// With threads of its own.
  runtime();

  /// On the actor system of a host that uses CAF itself; `prepare` must have
  /// seen its configuration before the system was made. The system must outlive
  /// this object.
  explicit runtime(caf::actor_system& host);

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  ~runtime();

  /// Registers what Lockstep's errors print as.
  static void prepare(caf::actor_system_config& config);

  /// Cuts a device of this process from all others, or lets it back: for demos
  /// and tests of a host.
  void set_online(device_id device, bool online);

private:
  friend struct runtime_access;
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace lockstep

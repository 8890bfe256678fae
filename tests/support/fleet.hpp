#pragma once

#include "actors/event_bus.hpp"
#include "actors/local_network.hpp"
#include "actors/node.hpp"
#include "messages/models.hpp"
#include "tests/support/deterministic.hpp"
#include "tests/support/temporary_directory.hpp"

#include <caf/actor_cast.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lockstep {

/// Several whole devices on one network in virtual time, each with real SQLite
/// files in a directory of its own.
class fleet : public deterministic {
public:
  /// One device; its actors are gone while it is down.
  struct device {
    device_id id;
    std::filesystem::path directory;
    node_actor node;
    event_bus_actor events;
    library_handles shared;
  };

  fleet();

  /// Crashes what is up, so that nothing is left over.
  void TearDown() override;

  /// Starts a device, or starts it again after it was taken down.
  device& start(const std::string& name);

  /// Ends a device as a crash does.
  void crash(const std::string& name);

  /// Ends a device in order; its leadership is handed over.
  void close(const std::string& name);

  device& at(const std::string& name) {
    return devices_.at(name);
  }

  /// Makes the library on the first device, lets the others in, and makes the
  /// ready models' tables everywhere.
  void share(const std::vector<std::string>& names);

  /// Starts a device and lets it into the library that `leader` leads.
  device& let_in(const std::string& name, const std::string& leader);

  /// Makes the ready models' tables on a device and has them tracked.
  void use_models(const std::string& name);

  /// Opens the shared library again on a device that was started again.
  void reopen(const std::string& name);

  /// Ends a device as a crash does, and starts it again without its
  /// database.db.
  void lose_tables(const std::string& name);

  void set_online(const std::string& name, bool online);
  /// A device's wall clock is off by so much from now on.
  void set_clock(const std::string& name, duration off);
  void set_faults(const lockstep::set_faults& how);

  expected<receipt> commit(const std::string& name,
                           std::vector<transaction_step> steps,
                           receipt_state wait_for = receipt_state::local);

  template <syncable T>
  expected<receipt> put(const std::string& name, const T& value,
                        receipt_state wait_for = receipt_state::local) {
    return commit(name, {to_change(value, change_type::update)}, wait_for);
  }

  template <syncable T>
  expected<T> load(const std::string& name, record_id id) {
    const read_record what{std::string{syncable_traits<T>::model}, id};
    return ask<record_image>(at(name).shared.library, what)
      .and_then(
        [](const record_image& image) { return from_image<T>(image.data); });
  }

  /// The device's database.db.
  std::filesystem::path database_of(const std::string& name);

  /// Runs SQL on database.db as another program does; nobody is told.
  void write_outside(const std::string& name, const std::string& sql);

  /// Tells the library that its database may have been written, as its file
  /// watch would.
  void notice(const std::string& name);

  library_status status(const std::string& name);
  library_digest digest(const std::string& name);
  std::vector<entry> log(const std::string& name);
  leadership_view leadership(const std::string& name);

  /// The device that leads among those that are up; empty while none or more
  /// than one does.
  std::string leader();

  /// Lets time pass until all devices that are up hold the same, or `patience`
  /// is over; returns what differs, empty when nothing does.
  std::string settle(duration patience = std::chrono::minutes{10});

  /// An id that is the same in each run.
  record_id make_id();

  settings limits;
  /// Of the hosts of all devices that are started from now on.
  merge_functions merges;

private:
  std::string difference();

  temporary_directory folder_;
  local_network_actor network_;
  std::map<std::string, duration> clocks_off_;
  std::map<std::string, device> devices_;
  library_id shared_{};
  std::string shared_name_ = "photos";
  std::uint64_t next_id_ = 1;
};

} // namespace lockstep

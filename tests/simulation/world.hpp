#pragma once

#include "actors/event_bus.hpp"
#include "actors/local_network.hpp"
#include "actors/node.hpp"
#include "tests/simulation/stepper.hpp"
#include "tests/simulation/tables.hpp"
#include "tests/support/memory_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <SQLiteCpp/Database.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// One whole device; its actors are gone while it is down.
struct device {
  owner number = nobody;
  std::string name;
  device_id id;
  std::filesystem::path folder;
  memory_volume* disk = nullptr;
  /// How far its wall clock is off.
  std::shared_ptr<duration> skew = std::make_shared<duration>();
  std::uint64_t seed = 0;
  node_actor node;
  event_bus_actor events;
  library_handles shared;
  /// Whether its node runs.
  bool up = false;
  /// Whether it has the library and its tables.
  bool ready = false;
  /// Whether it ever had the library.
  bool shared_once = false;
  /// Whose word about the members it takes before its log names them.
  device_id joined_from;
  duration joined_at{};
  /// Whether its log, or the newer part of it, was lost once, and whether it
  /// still has the library whose log is lost.
  bool lost_log = false;
  duration log_lost_at{};
  bool log_is_lost = false;
  /// Whether its tables were lost once.
  bool lost_tables = false;
  /// Whether a bit of its files changed, and nobody has mended them since.
  bool is_damaged = false;
  /// Its owner's repair found nothing, but could not compare tables and log.
  bool is_uncompared = false;
  /// They were lost while it was down, and how far its log goes was not seen
  /// since: what it was giving back may be in neither.
  bool log_is_unseen = false;
  /// Whether somebody ended its membership.
  bool removed = false;
  /// When it was last let run on after it had been frozen.
  duration woken{};
  /// For whoever looks at its tables; nothing before that and while it is down.
  std::unique_ptr<SQLite::Database> reader;
};

/// Devices that share one library, on one network, with their disks.
class world {
public:
  world(std::uint64_t seed, const std::filesystem::path& folder);
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world();

  /// Makes the library on the first device and lets the others in.
  expected<void> share(std::size_t count);

  /// Adds a device that is no member yet, and starts it.
  device& add_device();
  /// Makes it a member on `host`, joins, and makes the tables; bounded by
  /// `patience`. A step that fails may be tried again.
  expected<void> let_in(device& newcomer, device& host, duration patience);
  /// Makes the application's tables where they are not there yet, and has them
  /// tracked.
  expected<void> make_tables(device& where, duration patience);

  expected<void> start(device& which);
  /// Opens the library on a device that runs, if it is not open.
  expected<void> reopen(device& which);
  /// The machine dies at once; what its disk was not told to flush has this
  /// fate.
  void crash(device& which, unflushed fate);
  expected<void> close(device& which);
  /// A file of a device that is down is lost.
  void lose(device& which, const std::filesystem::path& file);
  /// Takes the library off a device.
  expected<void> leave(device& which, duration patience);
  /// It has none any more.
  void note_left(device& which);
  void set_frozen(device& which, bool frozen);

  /// Takes down whoever has lost its power; to be called whenever something
  /// other than an actor has written.
  void notice_power_cuts();

  /// Whom each device takes for the leader and whom it knows, for people.
  std::string describe();

  /// Whether the device holds that it leads.
  bool leads(device& which);
  bool knows_leader(device& which);

  void set_online(const device& which, bool online);
  template <class Message> void tell_network(const Message& what) {
    caf::anon_send(network_, what);
  }

  /// Lets time pass until the answer is there.
  template <class T, class Handle, class... Args>
  expected<T> ask(device& whom, const Handle& receiver, duration patience,
                  Args... message) {
    auto answer = request<T>(receiver, std::move(message)...);
    run.run_until([&] { return answer->has_value() || !whom.up; }, patience);
    if (!answer->has_value())
      return fail(errc::timed_out, "no answer from " + whom.name);
    return std::move(**answer);
  }

  template <class T, class Handle, class... Args>
  std::shared_ptr<std::optional<expected<T>>> request(const Handle& receiver,
                                                      Args... message) {
    return run.request<T>(receiver, std::move(message)...);
  }

  [[nodiscard]] std::filesystem::path database_of(const device& which) const;
  [[nodiscard]] std::filesystem::path log_of(const device& which) const;

  void say(std::string text) {
    run.story.say(run.elapsed(), std::move(text));
  }

  /// Called before the network takes a message.
  std::function<void(caf::mailbox_element&)> before_carry;
  /// Called when a device has power again and nothing runs there yet.
  std::function<void(device&)> before_start;
  /// Called before and after each message that a device's actor takes.
  std::function<void(device&, caf::mailbox_element&)> before_step;
  std::function<void(device&)> after_step;
  /// Called when somebody who had asked a device may have its answer.
  std::function<void()> after_answer;
  /// Called when a device is about to lose its open files.
  std::function<void(device&)> before_down;

  stepper run;
  /// The application's; parents come first.
  std::vector<shared_table> tables;
  /// A device stays where it is.
  std::deque<device> devices;
  settings limits;
  /// The device whose `leadership.priority` is below zero, if any.
  std::optional<owner> never_leads;
  std::uint64_t crashes = 0;

  memory_disk& disk() {
    return disk_;
  }
  /// What the device takes for now.
  wall_time wall_of(owner whose);

private:
  void notice_power_cut(device& which);

  std::filesystem::path folder_;
  memory_disk disk_;
  local_network_actor network_;
  library_id shared_{};
};

/// Errors of a disk are the product's business, not that of whoever checks it.
class calm_disk {
public:
  explicit calm_disk(memory_volume& disk)
    : disk_(disk), before_(std::exchange(disk.error_per_mille, 0)) {
  }
  calm_disk(const calm_disk&) = delete;
  calm_disk& operator=(const calm_disk&) = delete;
  ~calm_disk() {
    disk_.error_per_mille = before_;
  }

private:
  memory_volume& disk_;
  std::uint32_t before_;
};

} // namespace lockstep::simulation

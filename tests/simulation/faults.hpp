#pragma once

#include "tests/simulation/ledger.hpp"
#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/options.hpp"
#include "tests/simulation/verdict.hpp"
#include "tests/simulation/world.hpp"

#include <map>
#include <set>
#include <vector>

namespace lockstep::simulation {

/// Breaks things on the devices and between them, and mends them.
class faults {
public:
  faults(world& where, const std::set<fault>& chosen, ledger& book,
         log_checker& logs, verdict& result);

  /// Something drawn breaks, or is mended.
  void act();

  /// All is well again, from now on.
  void mend_all();

  /// What people do once all of the log is here, where a repair could not
  /// compare the tables with it: they repair again. Whether anybody did.
  bool repair_again();

  /// Starts what is down, opens what is closed, lets in who is not in yet.
  void bring_up(device& which);

  /// What people are told to do with an older copy that waits for a member
  /// which is gone.
  void end_waiting();

  /// How often each came.
  std::map<fault, std::uint64_t> counts;

private:
  void break_network(fault how);
  void cut_pair();
  void cut_one_way();
  void make_partition();
  void mend_links();
  void reset_connection();
  void slow_link();
  void crash_device();
  void close_device();
  void cut_power();
  void pause_device();
  void skew_clock();
  void let_in();
  void remove_member();
  void lose_log();
  void lose_tables();
  /// Opens the library of a device that had it; its tables may be gone.
  void bring_back(device& which);
  /// Lets in one that has not joined, or does so again.
  void bring_in(device& which);
  /// Never leads, but would for a member that needs a leader to be let in.
  bool leads_for(const device& which, device& host);
  bool report(const device& which, const char* what,
              const expected<void>& result);
  void fill_disk();
  void fail_disk();
  void take_old_copy();
  /// What only this device's log has, of those that lost files of their own.
  void forgive_last_held(const device& which);
  void flip_bit();
  /// What people do who find that the library's files are damaged.
  void mend(device& which);
  /// The same where those that hold more of the library do not come.
  expected<void> go_on_alone(device& which);
  void vacuum_log();

  device& any();
  /// One that is up; null when none is.
  device* any_up();
  unflushed any_fate();
  void count(fault what, const std::string& text);

  world& world_;
  ledger& ledger_;
  log_checker& logs_;
  verdict& result_;
  std::vector<fault> chosen_;
  set_faults network_;
  std::set<std::pair<owner, owner>> cut_;
  std::set<std::pair<owner, owner>> unheard_;
  std::set<std::pair<owner, owner>> slow_;
  struct old_disk {
    memory_volume::copy files;
    ledger::account written;
    std::set<log_position> held;
  };
  std::map<owner, old_disk> copies_;
};

} // namespace lockstep::simulation

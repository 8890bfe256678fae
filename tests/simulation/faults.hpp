#pragma once

#include "tests/simulation/options.hpp"
#include "tests/simulation/world.hpp"

#include <map>
#include <set>
#include <vector>

namespace lockstep::simulation {

/// Breaks things on the devices and between them, and mends them.
class faults {
public:
  faults(world& where, const std::set<fault>& chosen);

  /// Something drawn breaks, or is mended.
  void act();

  /// All is well again, from now on.
  void mend_all();

  /// Starts what is down, opens what is closed, lets in who is not in yet.
  void bring_up(device& which);

  /// How often each came.
  std::map<fault, std::uint64_t> counts;

private:
  void break_network(fault how);
  void cut_pair();
  void cut_one_way();
  void make_partition();
  void mend_links();
  void reset_connection();
  void crash_device();
  void close_device();
  void cut_power();
  void pause_device();
  void skew_clock();
  void let_in();
  void fill_disk();
  void fail_disk();
  void take_old_copy();
  void flip_bit();

  device& any();
  /// One that is up; null when none is.
  device* any_up();
  unflushed any_fate();
  void count(fault what, const std::string& text);

  world& world_;
  std::vector<fault> chosen_;
  set_faults network_;
  std::set<std::pair<owner, owner>> cut_;
  std::set<std::pair<owner, owner>> unheard_;
  std::map<owner, memory_volume::copy> copies_;
};

} // namespace lockstep::simulation

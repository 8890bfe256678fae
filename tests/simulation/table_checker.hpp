#pragma once

#include "tests/simulation/verdict.hpp"
#include "tests/simulation/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// How far a device's files are.
struct file_state {
  std::uint64_t pending = 0;
  std::uint64_t applied = 0;
  std::uint64_t set_aside = 0;
  /// Rows that triggers noted and nobody captured.
  std::uint64_t noted = 0;
};

/// Reads database.db on a connection of its own.
expected<file_state> read_state(const world& where, device& which);

/// The first pending operations: place, device, number, the last
/// number of its transaction, model, bases.
std::string name_pending(const world& where, device& which);

/// Whether the device fetches its log anew and the one before, which it gave
/// back, named this one.
bool was_named_before(const world& where, device& which, device_id whom);

/// Whether it has given back all of its log, and not yet fetched it anew.
bool has_given_back_all(const world& where, device& which);

/// Whether its files were put back, or a repair found less than there was, and
/// it has not got another's log since.
bool waits_for_members(const world& where, device& which);

/// P8 and P10, which hold at any time.
void check_tables(const world& where, device& which, verdict& result);

/// Every row of every shared table, as text, in one order.
expected<std::string> read_tables(const world& where, device& which);

/// The number of each row with an integer key, by its text.
std::map<std::string, std::int64_t> numbers_of(const world& where,
                                               device& which);

/// P5: the tables that such a log makes, as `read_tables` gives them, for the
/// tables whose keys are UUIDs.
void check_replay(const world& where, device& which,
                  const std::vector<entry>& log, verdict& result);

} // namespace lockstep::simulation

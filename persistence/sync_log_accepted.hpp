#pragma once

#include "persistence/statement_cache.hpp"
#include "persistence/sync_log_names.hpp"
#include "protocol/accepted_set.hpp"

#include <map>
#include <vector>

namespace lockstep {

/// The ranges of `accepted` within one transaction of the writer: reads those
/// of the devices that are touched and at the end writes only what changed.
/// Throws SQLite::Exception.
class accepted_changes {
public:
  accepted_changes(statement_cache& statements, sync_log_names& names)
    : statements_(&statements), names_(&names) {
  }

  void insert(const device_id& device, device_sequence_number number);
  void insert(const accepted_range& range);
  void erase(const device_id& device, device_sequence_number number);
  void store();

private:
  struct device_state {
    std::vector<accepted_range> stored;
    accepted_set now;
  };

  device_state& state_of(const device_id& device);

  statement_cache* statements_;
  sync_log_names* names_;
  std::map<device_id, device_state> touched_;
};

} // namespace lockstep

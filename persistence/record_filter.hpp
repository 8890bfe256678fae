#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <vector>

namespace lockstep {

/// Remembers any number of records in four mebibytes at most: says of each that
/// was added, and now and then of another, that it may have been (B. H. Bloom,
/// Space/Time Trade-offs in Hash Coding with Allowable Errors, 1970).
class record_filter {
public:
  /// `model` is any number that stands for the record's model.
  void add(std::int64_t model, record_id record);
  [[nodiscard]] bool may_hold(std::int64_t model, record_id record) const;

private:
  std::vector<bool> bits_;
};

} // namespace lockstep

#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <vector>

namespace lockstep {

/// Remembers any number of records in a byte each, and eight mebibytes at most:
/// says of each that was added, and now and then of another, that it may have
/// been (B. H. Bloom, Space/Time Trade-offs in Hash Coding with Allowable
/// Errors, 1970). For which others it does so depends on `seed`.
class record_filter {
public:
  record_filter() = default;
  /// For about so many records.
  record_filter(std::uint64_t count, std::uint64_t seed);

  /// `model` is any number that stands for the record's model.
  void add(std::int64_t model, record_id record);
  [[nodiscard]] bool may_hold(std::int64_t model, record_id record) const;

private:
  std::uint64_t seed_ = 0;
  std::vector<bool> bits_ = std::vector<bool>(64);
};

} // namespace lockstep

#pragma once

#include "persistence/library_store.hpp"
#include "persistence/operation_keeper.hpp"

namespace lockstep {

/// Keeps a transaction's operations pending, until their entries come back in
/// the log. In a transaction on the store.
class pending_keeper : public operation_keeper {
public:
  explicit pending_keeper(library_store& store) : store_(store) {
  }

  expected<void> keep(const std::vector<captured_change>& piece) override;
  expected<void> close(operation_range all) override;
  void abandon() override;

private:
  library_store& store_;
  std::size_t pieces_ = 0;
};

} // namespace lockstep

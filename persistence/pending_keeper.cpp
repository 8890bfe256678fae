#include "persistence/pending_keeper.hpp"

namespace lockstep {

expected<void> pending_keeper::keep(const std::vector<captured_change>& piece) {
  return store_.attempt([&]() -> expected<void> {
    for (const auto& one : piece)
      store_.pending.add(one.what);
    ++pieces_;
    store_.beside_log = true;
    return {};
  });
}

expected<void> pending_keeper::close(operation_range all) {
  return store_.attempt([&]() -> expected<void> {
    if (pieces_ > 1)
      store_.pending.join(store_.own, all);
    pieces_ = 0;
    return {};
  });
}

void pending_keeper::abandon() {
  pieces_ = 0;
}

} // namespace lockstep

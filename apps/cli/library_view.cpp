#include "apps/cli/library_view.hpp"

namespace lockstep::cli {

bool library_view::holds_all() const {
  return replication.in_step && status.applied == status.head.position.sequence;
}

std::uint64_t library_view::leader_entries() const {
  return replication.leader_sequence ? replication.leader_sequence->value : 0;
}

expected<library_view> view_of(library& of) {
  auto status = of.status().get();
  if (!status)
    return tl::make_unexpected(status.error());
  return of.replication().get().map([&](replication_view&& replication) {
    return library_view{std::move(*status), std::move(replication)};
  });
}

} // namespace lockstep::cli

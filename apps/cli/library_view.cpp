#include "apps/cli/library_view.hpp"

namespace lockstep::cli {

bool library_view::holds_all() const {
  return replication.in_step && status.applied == status.head.position.sequence;
}

std::uint64_t library_view::leader_entries() const {
  return replication.leader_sequence ? replication.leader_sequence->value : 0;
}

expected<void> expect_complete(library& of) {
  // Reading is refused until then, and says why.
  return of.query("SELECT 1").get().map([](const sql_rows&) {});
}

void show_progress(progress_bar& bar, const library_view& now) {
  const auto& first = now.status.first_sync;
  bar.show(now.status.applied.value, now.leader_entries(),
           first ? first->bytes : 0);
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

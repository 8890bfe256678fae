#include "actors/database_watch.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/file_notifier.hpp"

// How what other programs write to database.db gets in.
namespace lockstep {

namespace {

/// After a turn that failed as a whole.
constexpr std::chrono::seconds retry_pause{1};

} // namespace

void library_state::watch_database() {
  auto notifier = std::make_shared<file_notifier>(store_->file);
  watch_end_.emplace(notifier->make_end());
  spawn_blocking(*self_, setup_.env, database_watch,
                 database_listener{library_actor{self_}}, notifier);
}

expected<void> library_state::take_captured(library_writer& hand,
                                            operation_keeper& keeper) {
  auto foreign = hand.captured(keeper);
  if (foreign)
    return {};
  report_capture(foreign.error().message);
  // A full disk has ended the transaction as well.
  if (!store_->in_transaction())
    return tl::make_unexpected(foreign.error());
  return {};
}

void library_state::look_at_database() {
  if (closing_ || capture_queued_ || self_->clock().now() < next_capture_)
    return;
  auto waits = store_->attempt([this]() -> expected<bool> {
    if (file_is_gone(*store_)) {
      report_capture("The file " + store_->file.string()
                     + " was moved, deleted or replaced while its library is"
                       " open; put it back, or close the library and open it"
                       " again.");
      return false;
    }
    const auto now = read_write_marks(*store_);
    if (now == looked_at_)
      return false;
    // A table that was made anew has its rows noted by the turn itself.
    const bool made_anew = !looked_at_ || looked_at_->schema != now.schema;
    looked_at_ = now;
    return notes_wait() || made_anew;
  });
  if (!waits)
    return put_capture_off(waits.error());
  if (!*waits)
    return;
  capture_queued_ = true;
  // Every turn takes what was captured first; this one has nothing more to do.
  auto nothing
    = [](library_writer&, operation_keeper&) -> expected<operation_range> {
    return operation_range{};
  };
  enqueue(write{nothing, receipt_state::local,
                [this](const expected<receipt>& turned) {
                  end_capture(turned);
                }});
}

bool library_state::notes_wait() {
  if (store_->changes.newest_note() != 0)
    return true;
  report_capture({});
  return false;
}

void library_state::end_capture(const expected<receipt>& turned) {
  capture_queued_ = false;
  if (closing_)
    return;
  auto looked = turned.and_then([this](const receipt&) {
    return store_->attempt([this]() -> expected<void> {
      // What this turn did itself is no reason to look again.
      if (notes_wait())
        looked_at_->own = read_write_marks(*store_).own;
      return {};
    });
  });
  if (!looked)
    put_capture_off(looked.error());
}

void library_state::put_capture_off(const failure& why) {
  report_capture(why.message);
  looked_at_.reset();
  next_capture_ = self_->clock().now() + retry_pause;
}

void library_state::report_capture(std::string problem) {
  if (problem == capture_problem_)
    return;
  capture_problem_ = std::move(problem);
  if (!capture_problem_.empty())
    logger().error("library {}: what another program wrote waits: {}",
                   to_string(setup_.library), capture_problem_);
}

} // namespace lockstep

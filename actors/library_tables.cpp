#include "actors/errors.hpp"
#include "actors/kept_promise.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/detach.hpp"
#include "persistence/model_policy.hpp"
#include "persistence/row_import.hpp"
#include "persistence/table_list.hpp"

#include <algorithm>
#include <chrono>

// Which tables take part.
namespace lockstep {

namespace {

/// How long a leader goes on with tables that it lacks once the device that has
/// them did not take the leadership: it may be one that never leads.
constexpr std::chrono::minutes keeps_leading_for{10};

} // namespace

template <class Answer, class Change>
void library_state::change_tables(std::function<void(expected<Answer>)> reply,
                                  Change change) {
  auto answer = std::make_shared<Answer>();
  auto run
    = [this, answer, change](library_writer& writer, operation_keeper& keeper) {
        store_->beside_log = true;
        return change(writer, keeper, *answer);
      };
  auto tell = [this, answer,
               reply = std::move(reply)](const expected<receipt>& outcome) {
    if (outcome)
      return reply(*answer);
    // The transaction may be gone, and with it what is known of the tables.
    if (store_)
      static_cast<void>(store_->attempt([this]() -> expected<void> {
        store_->tables.load();
        return {};
      }));
    reply(tl::make_unexpected(outcome.error()));
  };
  enqueue_write(write{std::move(run), receipt_state::local, std::move(tell)});
}

void library_state::submit(track_table request,
                           caf::typed_response_promise<tracked_table> promise) {
  begin_tracking({std::move(request), answer_to(promise)});
}

void library_state::begin_tracking(waiting_table what) {
  if (first_sync_.under_way() && !closing_) {
    waiting_tables_.push_back(std::move(what));
    return;
  }
  change_tables(
    std::move(what.reply),
    [this, request = std::move(what.request)](
      library_writer& writer, operation_keeper& keeper, tracked_table& answer) {
      return track(request, writer, keeper, answer);
    });
}

void library_state::submit(
  untrack_table request, caf::typed_response_promise<untracked_table> promise) {
  change_tables(answer_to(promise),
                [this, request](library_writer&, operation_keeper&,
                                untracked_table& answer) {
                  return untrack(request).map([&](const untracked_table& done) {
                    answer = done;
                    return operation_range{};
                  });
                });
}

void library_state::submit(detach_database,
                           caf::typed_response_promise<done> promise) {
  closing_ = true;
  enqueue(job{[this, answer = answer_to(promise)] {
    watch_end_.reset();
    auto over = detach(*store_);
    detached_ = over.has_value();
    answer(over.map([] { return done{}; }));
    schedule();
  }});
}

caf::result<table_list> library_state::tables() {
  return to_result(store_->attempt(
    [this]() -> expected<table_list> { return list_tables(*store_); }));
}

expected<operation_range> library_state::track(const track_table& request,
                                               library_writer& writer,
                                               operation_keeper& keeper,
                                               tracked_table& answer) {
  return store_->attempt([&]() -> expected<operation_range> {
    const bool known = store_->tables.by_table(request.table) != nullptr;
    operation_range made;
    auto begin_tracking = [&]() -> expected<const tracked_table_schema*> {
      savepoint all{*store_};
      auto schema
        = store_->tables.track(request.table, request.model, request.excluded);
      if (!schema || known)
        return schema;
      auto imported = import_rows(*store_, **schema, writer, keeper);
      if (!imported)
        return tl::make_unexpected(imported.error());
      made = *imported;
      all.release();
      return schema;
    };
    auto schema = begin_tracking();
    if (!schema) {
      store_->tables.load();
      return tl::make_unexpected(schema.error());
    }
    if (auto chosen = choose_policy(request, **schema, writer, keeper); !chosen)
      return chosen;
    else if (chosen->last)
      made = {made.last ? made.first : chosen->first, chosen->last};
    answer = {(*schema)->table, (*schema)->model, (*schema)->kind,
              policy_of(*store_, (*schema)->model)};
    return made;
  });
}

expected<operation_range>
library_state::choose_policy(const track_table& request,
                             const tracked_table_schema& schema,
                             library_writer& writer, operation_keeper& keeper) {
  if (!request.policy || policy_of(*store_, schema.model) == *request.policy)
    return operation_range{};
  return writer.run({policy_change(schema.model, *request.policy)}, keeper);
}

expected<untracked_table> library_state::untrack(const untrack_table& request) {
  return store_->attempt([&]() -> expected<untracked_table> {
    auto try_it = [&] {
      savepoint all{*store_};
      auto untracked = lockstep::untrack(*store_, request.table);
      if (untracked)
        all.release();
      return untracked;
    };
    auto untracked = try_it();
    if (!untracked)
      store_->tables.load();
    return untracked;
  });
}

bool library_state::has_table(std::string_view model) const {
  const auto* schema = store_->tables.by_model(model);
  return schema != nullptr && schema->present;
}

bool library_state::hands_over(device_id to,
                               const std::vector<std::string>& tables) {
  const auto now = self_->clock().now();
  if (std::ranges::all_of(tables,
                          [this](const auto& one) { return has_table(one); })
      || !neighbours_.leadership || now < keeps_leading_over_[to])
    return false;
  if (handing_over_)
    return true;
  handing_over_ = true;
  logger().info("library {}: device {} has tables that are not here, and is to"
                " lead",
                to_string(setup_.library), to_string(to));
  self_->request(neighbours_.leadership, caf::infinite, transfer_leadership{to})
    .then([this](const leadership_view&) { handing_over_ = false; },
          [this, to](const caf::error&) {
            handing_over_ = false;
            keeps_leading_over_[to] = self_->clock().now() + keeps_leading_for;
          });
  return true;
}

} // namespace lockstep

#include "actors/errors.hpp"
#include "actors/kept_promise.hpp"
#include "actors/library_state.hpp"
#include "messages/refused_by.hpp"
#include "persistence/conflict_list.hpp"
#include "persistence/library_check.hpp"
#include "persistence/library_members.hpp"
#include "persistence/record_reader.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace lockstep {

namespace {

constexpr std::uint32_t read_most = 1'000;

std::uint64_t count_set_aside(library_store& store) {
  auto row = store.statements.use("SELECT count(*) FROM lockstep_set_aside");
  row->executeStep();
  return static_cast<std::uint64_t>(row->getColumn(0).getInt64());
}

} // namespace

caf::result<receipt> library_state::find_receipt(const receipt_query& query) {
  if (auto known = receipts_.find(query.last))
    return *known;
  receipt found;
  found.device = setup_.device;
  found.first = query.first;
  found.last = query.last;
  auto pending = store_->attempt([&]() -> expected<device_sequence_number> {
    return store_->pending.last(setup_.device);
  });
  if (!pending)
    return to_error(pending.error());
  const bool has_place = store_->accepted.contains(setup_.device, query.last);
  // Where it is in the log is not known any more.
  const auto end = store_->log.head();
  const bool is_held = setup_.mode == consistency::available
                       || (end && !(held_ < end->position.sequence));
  if (has_place && is_held)
    found.state = receipt_state::sequenced;
  else if (has_place)
    found.state = receipt_state::local;
  else if (*pending < query.last)
    return to_error({errc::not_found, "This device made no operation "
                                        + to_string(query.last) + "."});
  return found;
}

caf::result<pending_batch>
library_state::pending_after(const fetch_pending& request) {
  // Who hears of an operation may put it in order: it must not be made anew,
  // with another time, because a power cut took it.
  if (store_->may_be_lost())
    if (auto flushed = store_->flush(); !flushed)
      return to_result(
        expected<pending_batch>{tl::make_unexpected(flushed.error())});
  return to_result(store_->attempt([&]() -> expected<pending_batch> {
    auto batch
      = store_->pending.fetch(setup_.device, request.after, request.limit);
    std::set<std::string_view> models;
    for (const auto& what : batch.list) {
      if (what.device == setup_.device)
        stamped_well_ = std::max(stamped_well_, what.device_sequence);
      models.insert(what.model);
    }
    for (const auto model : models)
      if (has_table(model))
        batch.tables.emplace_back(model);
    return batch;
  }));
}

caf::typed_response_promise<receipt>
library_state::describe(const member_description& what) {
  auto promise = self_->make_response_promise<receipt>();
  const auto known = store_->members();
  if (known && std::ranges::any_of(*known, [this](const member& one) {
        return one.removed && one.device == setup_.device;
      })) {
    promise.deliver(to_error(removed_from(setup_.name)));
    return promise;
  }
  const record_change change{std::string{member_model},
                             record_id{what.member.device.bytes},
                             change_type::update, image_of(what)};
  enqueue_write(
    write{[change](library_writer& writer, operation_keeper& keeper) {
            return writer.run({change}, keeper);
          },
          receipt_state::local,
          [this, answer = answer_to(promise)](expected<receipt> made) {
            // Where the log lacks this device, it counts by what is pending.
            if (made)
              send_members();
            answer(std::move(made));
          }});
  return promise;
}

caf::result<members_changed> library_state::members() {
  return to_result(known_members(*store_, setup_.joined_from)
                     .map([](std::vector<member> list) {
                       return members_changed{std::move(list)};
                     }));
}

caf::result<member_descriptions> library_state::descriptions() {
  return to_result(
    described_members(*store_).map([](std::vector<member_description> list) {
      return member_descriptions{std::move(list)};
    }));
}

caf::result<sql_rows> library_state::query(const sql_query& request) {
  if (const auto why = why_incomplete())
    return to_error(*why);
  return to_result(store_->query(request.statement));
}

caf::result<conflict_list>
library_state::conflicts(const read_conflicts& request) {
  return to_result(list_conflicts(*store_, request.resolved_too));
}

caf::result<library_digest> library_state::digest() {
  return to_result(store_->digest());
}

caf::result<library_report> library_state::check() {
  return to_result(lockstep::check_library(*store_));
}

caf::typed_response_promise<library_status> library_state::status() {
  auto promise = self_->make_response_promise<library_status>();
  auto found = own_status();
  if (!found) {
    promise.deliver(to_error(found.error()));
    return promise;
  }
  ask_who_leads([promise, now = *found](const leadership_view* seen) mutable {
    if (seen != nullptr && seen->ballot == now.leadership.ballot
        && seen->leader == now.leadership.leader)
      now.leadership.lease_end = seen->lease_end;
    promise.deliver(std::move(now));
  });
  return promise;
}

expected<library_status> library_state::own_status() {
  return store_->attempt([&]() -> expected<library_status> {
    library_status found;
    found.library = setup_.library;
    found.name = setup_.name;
    found.device = setup_.device;
    found.leadership = leadership_;
    auto head = store_->log.head();
    if (!head)
      return tl::make_unexpected(head.error());
    found.head = *head;
    found.applied = store_->applied();
    found.stable = stable_;
    found.pending = store_->pending.count();
    found.conflicts = store_->index.count(conflict_model);
    found.set_aside = count_set_aside(*store_);
    const bool waits = !file_is_gone(*store_) && notes_wait();
    found.captured = looked_at_ && !capture_queued_ && !waits;
    found.capture_problem = capture_problem_;
    for (const auto* schema : store_->tables.all())
      if (!schema->present)
        found.table_problem += (found.table_problem.empty() ? "" : " ")
                               + complaint_of_gone(*schema);
    found.problem = problem_;
    if (auto gone = store_->log.gone())
      found.problem = {errc::corrupt, std::move(gone->message)};
    if (first_sync_.under_way())
      found.first_sync = first_sync_.progress();
    found.is_fetching_anew = store_->is_fetching_anew();
    auto list = store_->members();
    if (!list)
      return tl::make_unexpected(list.error());
    found.members = std::move(*list);
    return found;
  });
}

caf::result<record_image> library_state::read(const read_record& request) {
  if (const auto why = why_incomplete())
    return to_error(*why);
  return to_result(store_->attempt([&]() -> expected<record_image> {
    auto found = find_record(*store_, request.model, request.record);
    if (found && !*found)
      return fail(errc::not_found, "There is no record "
                                     + to_string(request.record)
                                     + " of model \"" + request.model + "\".");
    return found.map([](auto& image) { return std::move(*image); });
  }));
}

caf::result<record_list> library_state::read(const read_records& request) {
  if (const auto why = why_incomplete())
    return to_error(*why);
  return to_result(store_->attempt([&]() -> expected<record_list> {
    auto found = list_records(*store_, request.model, request.after,
                              std::min(request.limit, read_most));
    return found.map([](auto& list) { return record_list{std::move(list)}; });
  }));
}

} // namespace lockstep

#include "persistence/library_writer.hpp"

#include "persistence/rows_together.hpp"
#include "protocol/operation_reference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace lockstep {

namespace {

expected<nlohmann::json> read_image(const record_change& change,
                                    std::size_t limit) {
  if (change.change == change_type::remove)
    return nlohmann::json{};
  auto image = nlohmann::json::parse(change.data, nullptr, false);
  if (!image.is_object())
    return fail(errc::invalid_argument,
                "The data of a record of model \"" + change.model
                  + "\" is not a JSON object; nothing was changed.");
  if (change.data.size() > limit)
    return fail(errc::too_large,
                "A record of model \"" + change.model + "\" is "
                  + std::to_string(change.data.size()) + " bytes; the limit is "
                  + std::to_string(limit)
                  + " (setting library.entry_bytes_limit).");
  return image;
}

tl::unexpected<failure> already_there(const std::string& model,
                                      record_id record) {
  return fail(errc::already_exists, "There is a record " + to_string(record)
                                      + " of model \"" + model
                                      + "\" already; update it instead.");
}

/// The change of a record that has another one among the steps, all changes.
const record_change* named_twice(const std::vector<transaction_step>& steps) {
  std::vector<const record_change*> list;
  list.reserve(steps.size());
  for (const auto& step : steps)
    list.push_back(&std::get<record_change>(step));
  auto name = [](const record_change* change) {
    return std::tie(change->record, change->model);
  };
  std::ranges::sort(list, {}, name);
  const auto found = std::ranges::adjacent_find(list, {}, name);
  return found != list.end() ? *found : nullptr;
}

tl::unexpected<failure> ended_early() {
  return fail(errc::constraint,
              "A statement rolled the whole transaction back; nothing was"
              " changed. Try again.");
}

} // namespace

expected<operation_range> library_writer::captured(operation_keeper& keeper) {
  return hand_on(keeper, noted_after(0));
}

expected<operation_range>
library_writer::imported(const tracked_table_schema& schema,
                         operation_keeper& keeper, bool with_rows) {
  auto noted = store_.attempt([&]() -> expected<void> {
    if (with_rows)
      store_.changes.note_all(schema);
    store_.changes.note_references_to(schema);
    return {};
  });
  if (!noted)
    return tl::make_unexpected(noted.error());
  auto as_new = [&](changes piece) {
    // What the log has and the table cannot show is not removed by that.
    std::erase_if(piece, [&](const captured_change& one) {
      return one.what.model == schema.model
             && one.what.change == change_type::remove;
    });
    for (auto& [what, before] : piece)
      if (what.model == schema.model && !what.base_operation) {
        // It was here before anything was known of the log's.
        what.base_version = {};
        what.changed.clear();
        what.change = change_type::insert;
      }
    return piece;
  };
  return hand_on(keeper, [&](const capture::piece_keeper& keep) {
    return noted_after(0)(
      [&](changes piece) { return keep(as_new(std::move(piece))); });
  });
}

library_writer::source library_writer::noted_after(std::int64_t after) {
  return [this, after](const capture::piece_keeper& keep) {
    return store_.changes.drain(store_.limits.entry_bytes_limit, after, keep);
  };
}

expected<operation_range> library_writer::hand_on(operation_keeper& keeper,
                                                  const source& from) {
  if (!store_.in_transaction())
    return ended_early();
  return store_.attempt([&] {
    savepoint all_or_nothing{store_};
    auto all = hand_on_all(keeper, from);
    if (all)
      all_or_nothing.release();
    return all;
  });
}

expected<operation_range> library_writer::hand_on_all(operation_keeper& keeper,
                                                      const source& from) {
  operation_range all;
  const auto handed_out = handed_out_;
  auto keep = [&](changes piece) {
    if (piece.empty())
      return expected<void>{};
    complete(piece, all);
    return keeper.keep(piece);
  };
  auto done = store_.attempt([&] {
    auto handed = from(keep);
    return handed && all.last ? keeper.close(all) : handed;
  });
  if (done)
    return all;
  keeper.abandon();
  handed_out_ = handed_out;
  return tl::make_unexpected(done.error());
}

expected<operation_range>
library_writer::run(const std::vector<transaction_step>& steps,
                    operation_keeper& keeper) {
  if (steps.empty())
    return fail(errc::invalid_argument,
                "The transaction is empty; give it at least one change.");
  // A host's earlier statement may have ended it: INSERT OR ROLLBACK.
  if (!store_.in_transaction())
    return ended_early();
  return store_.attempt([&]() -> expected<operation_range> {
    savepoint all_or_nothing{store_};
    auto made = make(steps);
    if (!made)
      return tl::make_unexpected(made.error());
    if (store_.breaks_foreign_key())
      return fail(errc::constraint,
                  "The transaction would leave a row that refers to one that is"
                  " not there; nothing was changed.");
    auto all = hand_on_all(keeper, *made);
    if (all)
      all_or_nothing.release();
    return all;
  });
}

expected<library_writer::source>
library_writer::make(const std::vector<transaction_step>& steps) {
  // One that changed it may have been taken back since.
  store_.follow_schema();
  if (are_new_rows(steps))
    return insert_rows(steps);
  store_.set_applying(false);
  // What could not be captured before these steps must not stop them.
  const auto noted = store_.changes.newest_note();
  auto without_table = std::make_shared<changes>();
  for (const auto& step : steps) {
    const auto* change = std::get_if<record_change>(&step);
    auto done = change != nullptr ? run_step(*change, *without_table)
                                  : run_step(std::get<sql_statement>(step));
    if (!done)
      return tl::make_unexpected(done.error());
  }
  store_.follow_schema();
  return [this, noted, without_table](const capture::piece_keeper& keep) {
    return noted_after(noted)(keep).and_then(
      [&] { return keep(std::move(*without_table)); });
  };
}

bool library_writer::are_new_rows(
  const std::vector<transaction_step>& steps) const {
  return std::all_of(steps.begin(), steps.end(), [&](const auto& step) {
    const auto* change = std::get_if<record_change>(&step);
    const auto* schema
      = change != nullptr ? store_.tables.by_model(change->model) : nullptr;
    return schema != nullptr && schema->present
           && schema->kind == key_kind::uuid && !schema->is_numbered()
           && change->change == change_type::insert && !schema->has_triggers;
  });
}

expected<library_writer::source>
library_writer::insert_rows(const std::vector<transaction_step>& steps) {
  // Where a trigger may fail, SQLite keeps a journal for each row.
  std::optional<without_triggers> silent;
  if (steps.size() >= many_rows)
    silent.emplace(store_);
  if (const auto* twice = named_twice(steps))
    return already_there(twice->model, twice->record);
  store_.set_applying(true);
  const bool any_pending = !store_.pending.is_empty();
  // A row is in the index, or pending, or noted where it was not captured.
  const bool any_unknown = store_.changes.newest_note() != 0;
  const auto rows = std::make_shared<std::vector<new_row>>();
  rows->reserve(steps.size());
  for (const auto& step : steps) {
    const auto& change = std::get<record_change>(step);
    auto image = read_image(change, store_.limits.entry_bytes_limit);
    if (!image)
      return tl::make_unexpected(image.error());
    new_row next{{}, store_.tables.by_model(change.model), 0};
    next.made.what.model = change.model;
    next.made.what.record = change.record;
    next.made.before = store_.changes.set_base(next.made.what, any_pending);
    if (next.made.what.change != change_type::insert || any_unknown)
      if (auto fits = check_is_new(next.made); !fits)
        return tl::make_unexpected(fits.error());
    next.rowid = store_.rows.insert_new(*next.schema, change.record, *image);
    if (row_writer::keeps(*next.schema, *image))
      next.made.what.data = image->dump();
    rows->push_back(std::move(next));
  }
  return [this, rows](const capture::piece_keeper& keep) {
    return read_rows(*rows, keep);
  };
}

expected<void> library_writer::read_rows(std::vector<new_row>& rows,
                                         const capture::piece_keeper& keep) {
  changes piece;
  std::size_t size = 0;
  for (auto& [made, schema, rowid] : rows) {
    if (made.what.data.empty()) {
      const auto image = store_.rows.read_new(*schema, made.what.record, rowid);
      if (!image)
        return fail(errc::internal, "A row that was inserted is not there.");
      made.what.data = image->dump();
    }
    if (auto fits = capture::check_size(*schema, made.what.data.size(),
                                        store_.limits.entry_bytes_limit);
        !fits)
      return fits;
    size += made.what.data.size();
    piece.push_back(std::move(made));
    if (size < capture::piece_bytes)
      continue;
    if (auto kept = keep(std::exchange(piece, {})); !kept)
      return kept;
    size = 0;
  }
  return keep(std::move(piece));
}

expected<void> library_writer::check_is_new(const captured_change& made) {
  const auto& what = made.what;
  const auto* schema = store_.tables.by_model(what.model);
  if (what.change == change_type::insert
      && (schema == nullptr || !store_.rows.has_row(*schema, what.record)))
    return {};
  return already_there(what.model, what.record);
}

expected<void> library_writer::run_step(const record_change& change,
                                        changes& without_table) {
  auto image = read_image(change, store_.limits.entry_bytes_limit);
  if (!image)
    return tl::make_unexpected(image.error());
  captured_change made;
  auto& what = made.what;
  what.model = change.model;
  what.record = change.record;
  made.before = store_.changes.set_base(what);
  const auto* schema = store_.tables.by_model(change.model);
  const bool exists = what.change == change_type::update;
  if (change.change == change_type::insert)
    if (auto is_new = check_is_new(made); !is_new)
      return is_new;
  if (schema != nullptr) {
    // What the application's triggers do elsewhere is in no log.
    if (schema->has_triggers)
      store_.beside_log = true;
    store_.set_triggers(true);
    auto done = store_.attempt([&]() -> expected<void> {
      store_.show_image(change.model, change.record, change.change,
                        std::move(*image), standing::pending);
      return {};
    });
    store_.set_triggers(false);
    return done;
  }
  for (const auto& [other, ignored] : without_table)
    if (other.record == change.record && other.model == change.model)
      return fail(errc::invalid_argument, "The transaction names the record "
                                            + to_string(change.record)
                                            + " of model \"" + change.model
                                            + "\" twice; name it once.");
  if (change.change == change_type::remove) {
    if (!exists)
      return {};
    what.change = change_type::remove;
  } else {
    what.data = change.data;
    if (change.change == change_type::bulk)
      what.change = change_type::bulk;
  }
  without_table.push_back(std::move(made));
  return {};
}

expected<void> library_writer::run_step(const sql_statement& statement) {
  auto prepared_now
    = store_.prepare(statement, library_store::access::host_writes);
  if (!prepared_now)
    return tl::make_unexpected(prepared_now.error());
  while ((*prepared_now)->executeStep()) {}
  return {};
}

void library_writer::complete(changes& piece, operation_range& all) {
  auto next = handed_out_ ? handed_out_ + 1 : store_.next_device_sequence();
  const auto end = next + (piece.size() - 1);
  if (!all.last)
    all.first = next;
  for (auto& [what, before] : piece) {
    what.base_operation
      = reference_to(what.device, what.base_operation, store_.own);
    what.device = store_.own;
    what.device_sequence = next;
    what.timestamp = now_();
    what.transaction_end = end;
    ++next;
  }
  handed_out_ = all.last = end;
}

} // namespace lockstep

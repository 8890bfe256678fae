#include "tests/persistence/library_device.hpp"

#include <SQLiteCpp/Backup.h>

#include "persistence/entry_file.hpp"
#include "persistence/image.hpp"
#include "persistence/pending_keeper.hpp"
#include "persistence/row_import.hpp"

#include <stdexcept>

namespace lockstep {

namespace {

template <class T> T must(expected<T> result) {
  if (!result)
    throw std::runtime_error{result.error().message};
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

/// Passes everything on, and remembers it.
class recording_keeper : public operation_keeper {
public:
  recording_keeper(operation_keeper& next, std::vector<operation>& list)
    : next_(next), list_(list) {
  }
  expected<void> keep(const std::vector<captured_change>& piece) override {
    for (const auto& one : piece)
      list_.push_back(one.what);
    return next_.keep(piece);
  }
  expected<void> close(operation_range all) override {
    return next_.close(all);
  }
  void abandon() override {
    list_.clear();
    next_.abandon();
  }

private:
  operation_keeper& next_;
  std::vector<operation>& list_;
};

} // namespace

library_device::library_device(std::uint8_t number) : id(test_device(number)) {
  reopen();
}

void library_device::reopen() {
  store.reset();
  log.reset();
  log = std::make_unique<sync_log_store>(
    must(sync_log_store::open(directory_ / "sync.db")));
  store = must(library_store::open(directory_ / "database.db",
                                   directory_ / "sync.db", id, {}));
}

void library_device::elsewhere(const std::string& sql) {
  SQLite::Database database{(directory_ / "database.db").string(),
                            SQLite::OPEN_READWRITE};
  database.exec(sql);
}

timestamp library_device::now() {
  return timestamp::from(++clock_, 0);
}

record_id library_device::make_id() {
  return record_id{make_uuid_v7(clock_, id.bytes[15], ++ids_)};
}

expected<void> library_device::kept(const work& run) {
  if (auto begun = store->begin(durability::by_itself); !begun)
    return begun;
  library_writer writer{*store, [this] {
                          return now();
                        }};
  pending_keeper keeper{*store};
  if (auto made = run(writer, keeper); !made) {
    store->rollback();
    return tl::make_unexpected(made.error());
  }
  store->fill_new_columns();
  return store->commit();
}

expected<void> library_device::sequenced(
  const std::function<expected<void>(library_writer&, library_sequencer&)>&
    fill,
  bool crash) {
  if (auto begun = store->begin(durability::with_log); !begun)
    return begun;
  log_draft draft{ballot, must(log->head()), store->limits.transaction_memory,
                  std::make_unique<entry_file>()};
  library_writer writer{*store, [this] {
                          return now();
                        }};
  open_conflicts conflicts{*store};
  library_sequencer order{*store, draft, conflicts,
                          [this] { return make_id(); },
                          [this] {
                            return now();
                          }};
  if (auto filled = fill(writer, order); !filled) {
    store->rollback();
    return filled;
  }
  if (draft.empty())
    return store->commit();
  const auto head = must(log->append(ballot, draft.follows(), draft));
  if (crash) {
    store->rollback();
    return {};
  }
  must(store->load_accepted());
  store->set_applied(head.position.sequence);
  return store->commit();
}

expected<void> library_device::done_by(const work& run) {
  if (!leads)
    return kept(run);
  return sequenced([&](auto& writer, auto& order) -> expected<void> {
    auto made = run(writer, order);
    if (!made)
      return tl::make_unexpected(made.error());
    store->fill_new_columns();
    return {};
  });
}

expected<std::vector<operation>>
library_device::write(const std::vector<transaction_step>& steps) {
  std::vector<operation> list;
  auto done = done_by([&](library_writer& writer, operation_keeper& keeper) {
    recording_keeper recorder{keeper, list};
    return writer.run(steps, recorder);
  });
  if (!done)
    return tl::make_unexpected(done.error());
  return list;
}

expected<std::vector<operation>> library_device::write(const std::string& sql) {
  return write(std::vector<transaction_step>{sql_statement{sql, {}}});
}

void library_device::write_and_crash_before_commit(const std::string& sql) {
  must(sequenced(
    [&](auto& writer, auto& order) -> expected<void> {
      must(writer.run({sql_statement{sql, {}}}, order));
      return {};
    },
    true));
  reopen();
}

void library_device::capture_and_crash_before_commit() {
  must(sequenced(
    [&](auto& writer, auto& order) -> expected<void> {
      must(writer.captured(order));
      return {};
    },
    true));
  reopen();
}

void library_device::lose_from_tables(const std::function<void()>& more) {
  SQLite::Database before{":memory:",
                          SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  const auto copy = [&](SQLite::Database& to, SQLite::Database& from) {
    SQLite::Backup{to, from}.executeStep();
  };
  copy(before, *store->database);
  more();
  store.reset();
  {
    SQLite::Database file{database_file().string(), SQLite::OPEN_READWRITE};
    copy(file, before);
  }
  reopen();
}

expected<void> library_device::track(const std::string& table,
                                     const std::vector<std::string>& excluded) {
  auto done = done_by([&](library_writer& writer, operation_keeper& keeper) {
    return store->attempt([&]() -> expected<operation_range> {
      auto schema = store->tables.track(table, {}, excluded);
      if (!schema)
        return tl::make_unexpected(schema.error());
      return import_rows(*store, **schema, writer, keeper);
    });
  });
  if (!done)
    store->tables.load();
  return done;
}

expected<void> library_device::sequence(const std::vector<operation>& list) {
  return propose({}, {list, {}});
}

expected<void> library_device::propose(device_id from,
                                       const pending_batch& batch) {
  return sequenced([&](auto&, auto& order) {
    return order.add_proposal(from, batch.follows, batch.list);
  });
}

expected<void> library_device::capture() {
  return done_by([](library_writer& writer, operation_keeper& keeper) {
    return writer.captured(keeper);
  });
}

expected<void> library_device::take_office(lockstep::ballot under) {
  leads = true;
  ballot = under;
  return sequenced([&](auto& writer, auto& order) -> expected<void> {
    pending_keeper keeper{*store};
    must(writer.captured(keeper));
    auto& queue = store->proposed;
    library_applier{*store,
                    [this] {
                      return now();
                    }}
      .take_pending_into(queue);
    return order.add_all(queue);
  });
}

sequence_number library_device::common_with(library_device& other) {
  sequence_number common;
  const auto theirs = other.entries();
  for (const auto& what : entries()) {
    if (what.sequence.value > theirs.size()
        || theirs[what.sequence.value - 1] != what)
      break;
    common = what.sequence;
  }
  return common;
}

expected<void> library_device::receive(const std::vector<entry>& list) {
  auto head = must(log->head());
  if (auto done
      = log->append(std::max(ballot, list.back().ballot), head.position, list);
      !done)
    return tl::make_unexpected(done.error());
  return catch_up();
}

expected<void> library_device::catch_up() {
  library_applier applier{*store, [this] {
                            return now();
                          }};
  return applier.catch_up(nullptr, [&](library_applier::chunk list) {
    applied.push_back(std::move(list));
  });
}

expected<void> library_device::follow(library_device& other) {
  const auto since = must(log->latest_sequence());
  const auto list = must(other.log->fetch_since(since, 1'000));
  return list.empty() ? catch_up() : receive(list);
}

expected<sequence_number> library_device::give_back(sequence_number keep) {
  library_applier applier{*store, [this] {
                            return now();
                          }};
  return applier.give_back_after(keep);
}

void library_device::cut(sequence_number keep) {
  must(log->truncate_after(keep));
  must(store->load_accepted());
}

std::vector<operation> library_device::pending() {
  return store->pending.fetch(id, {}, 1'000'000).list;
}

std::vector<entry> library_device::entries() {
  return must(log->fetch_since({}, 1'000'000));
}

library_digest library_device::digest() {
  return must(store->digest());
}

std::string library_device::rows(const std::string& sql) {
  SQLite::Statement rows{*store->database, sql};
  std::string text;
  while (rows.executeStep()) {
    for (int i = 0; i < rows.getColumnCount(); ++i)
      text += (i == 0 ? "" : "|") + to_json(rows.getColumn(i), false).dump();
    text += "\n";
  }
  return text;
}

std::string uuid(std::uint8_t number) {
  return to_string(test_record(number));
}

std::string insert_note(std::uint8_t number, const std::string& name,
                        const std::string& text) {
  return "INSERT INTO note VALUES('" + uuid(number) + "', '" + name + "', '"
         + text + "')";
}

} // namespace lockstep

#include "persistence/older_copy.hpp"

#include "persistence/forgotten_numbers.hpp"
#include "persistence/log_repair.hpp"
#include "persistence/one_transaction.hpp"

#include <optional>

namespace lockstep {

namespace {

/// Bits of `fetching_anew`.
constexpr int of_given_back_log = 1;
constexpr int of_older_copy = 2;

struct noted_births {
  std::optional<std::uint64_t> log;
  std::optional<std::uint64_t> database;
  /// Of the log that was taken over last. What that asks for is noted in the
  /// database only: the log keeps the old birth until all is done.
  std::optional<std::uint64_t> taken_over;
};

std::optional<std::uint64_t> birth_in(const SQLite::Column& noted) {
  if (noted.isNull())
    return std::nullopt;
  return static_cast<std::uint64_t>(noted.getInt64());
}

expected<noted_births> read_noted(library_store& store,
                                  const sync_log_reader& log) {
  return store.attempt([&]() -> expected<noted_births> {
    auto row = store.statements.use(
      "SELECT birth, birth_of_copied_log FROM lockstep_state");
    row->executeStep();
    noted_births noted{
      {}, birth_in(row->getColumn(0)), birth_in(row->getColumn(1))};
    return log.noted_birth().map([&](std::optional<std::uint64_t> of_log) {
      noted.log = of_log;
      return noted;
    });
  });
}

put_back compare(const noted_births& noted, file_births now) {
  if (noted.log.value_or(now.log) != now.log && noted.taken_over != now.log)
    return put_back::log;
  return noted.database.value_or(now.database) != now.database
           ? put_back::database
           : put_back::nothing;
}

/// Notes the database's birth, and what the put back files ask for.
expected<void> note(library_store& store, put_back what, file_births now) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      auto row = store.statements.use("UPDATE lockstep_state SET birth = ?");
      row->bind(1, static_cast<std::int64_t>(now.database));
      row->exec();
      if (what != put_back::log)
        return {};
      auto state = store.statements.use(
        "UPDATE lockstep_state SET birth_of_copied_log = ?,"
        " fetching_anew = fetching_anew | ?");
      state->bind(1, static_cast<std::int64_t>(now.log));
      state->bind(2, of_older_copy);
      state->exec();
      return {};
    });
}

/// Notes the log's birth, but not before the log is whole: should the database
/// get lost meanwhile, it is known for a copy once more.
expected<void> note_log(library_store& store, sync_log_store& log,
                        const noted_births& noted, file_births now) {
  if (noted.log == now.log)
    return {};
  return store
    .attempt([&]() -> expected<bool> { return store.is_fetching_anew(); })
    .and_then([&](bool waits) -> expected<void> {
      return waits ? expected<void>{} : log.note_birth(now.log);
    });
}

expected<bool> fetches_anew_as(int bit, library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    auto row = store.statements.use("SELECT fetching_anew FROM lockstep_state");
    row->executeStep();
    return (row->getColumn(0).getInt() & bit) != 0;
  });
}

} // namespace

expected<put_back> recognise_older_copy(library_store& store,
                                        sync_log_store& log, file_births now,
                                        timestamp at) {
  const auto noted = read_noted(store, log);
  if (!noted)
    return tl::make_unexpected(noted.error());
  const auto what = compare(*noted, now);
  expected<void> done;
  if (what == put_back::log)
    done = forget_promises(log, store.own, at);
  if (done && what != put_back::nothing)
    done = forget_numbers(store, at);
  if (done && (what != put_back::nothing || noted->database != now.database))
    done = note(store, what, now);
  if (done)
    done = note_log(store, log, *noted, now);
  return done.map([&] { return what; });
}

expected<bool> is_of_older_copy(library_store& store) {
  return fetches_anew_as(of_older_copy, store);
}

expected<bool> has_given_back_log(library_store& store) {
  return fetches_anew_as(of_given_back_log, store);
}

expected<void> end_older_copy(library_store& store) {
  return is_of_older_copy(store).and_then([&](bool is) -> expected<void> {
    if (!is)
      return {};
    return in_one_transaction(store, durability::with_log,
                              [&]() -> expected<void> {
                                store.set_fetching_anew(false);
                                return {};
                              });
  });
}

} // namespace lockstep

#include "persistence/older_copy.hpp"

#include "persistence/forgotten_numbers.hpp"
#include "persistence/log_repair.hpp"
#include "persistence/one_transaction.hpp"

#include <optional>

namespace lockstep {

namespace {

/// In `fetching_anew`, where 1 says that all of the log was given back.
constexpr int of_older_copy = 2;

struct noted_births {
  std::optional<std::uint64_t> log;
  std::optional<std::uint64_t> database;
};

expected<noted_births> read_noted(library_store& store,
                                  const sync_log_reader& log) {
  return store.attempt([&]() -> expected<noted_births> {
    noted_births noted;
    auto row = store.statements.use("SELECT birth FROM lockstep_state");
    row->executeStep();
    if (!row->getColumn(0).isNull())
      noted.database = static_cast<std::uint64_t>(row->getColumn(0).getInt64());
    return log.noted_birth().map([&](std::optional<std::uint64_t> of_log) {
      noted.log = of_log;
      return noted;
    });
  });
}

} // namespace

expected<put_back> find_put_back(library_store& store,
                                 const sync_log_reader& log, file_births now) {
  return read_noted(store, log).map([&](const noted_births& noted) {
    if (noted.log.value_or(now.log) != now.log)
      return put_back::log;
    return noted.database.value_or(now.database) != now.database
             ? put_back::database
             : put_back::nothing;
  });
}

expected<void> take_over(library_store& store, sync_log_store& log,
                         put_back what, file_births now, timestamp at) {
  const auto noted = read_noted(store, log);
  if (!noted)
    return tl::make_unexpected(noted.error());
  if (noted->log == now.log && noted->database == now.database)
    return {};
  if (what == put_back::log)
    if (auto done = forget_promises(log, store.own, at); !done)
      return done;
  if (what != put_back::nothing)
    if (auto done = forget_numbers(store, at); !done)
      return done;
  return in_one_transaction(
           store, durability::by_itself,
           [&]() -> expected<void> {
             if (what == put_back::log) {
               auto state = store.statements.use(
                 "UPDATE lockstep_state SET fetching_anew = ?"
                 " WHERE fetching_anew = 0");
               state->bind(1, of_older_copy);
               state->exec();
             }
             auto row
               = store.statements.use("UPDATE lockstep_state SET birth = ?");
             row->bind(1, static_cast<std::int64_t>(now.database));
             row->exec();
             return {};
           })
    .and_then([&] { return log.note_birth(now.log); });
}

expected<bool> is_of_older_copy(library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    auto row = store.statements.use("SELECT fetching_anew FROM lockstep_state");
    row->executeStep();
    return row->getColumn(0).getInt() == of_older_copy;
  });
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

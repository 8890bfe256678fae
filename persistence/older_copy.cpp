#include "persistence/older_copy.hpp"

#include "persistence/forgotten_numbers.hpp"
#include "persistence/log_repair.hpp"
#include "persistence/one_transaction.hpp"

#include <algorithm>

namespace lockstep {

namespace {

/// In `fetching_anew`, where 1 says that all of the log was given back.
constexpr int of_older_copy = 2;

bool knows_others(library_store& store) {
  const auto list = store.index.all_of(member_model);
  return std::any_of(list.begin(), list.end(), [&](const auto& one) {
    return device_id{one.first.bytes} != store.own && !one.second.deleted;
  });
}

void note(library_store& store, file_births now) {
  auto row = store.statements.use(
    "UPDATE lockstep_state SET log_birth = ?, database_birth = ?");
  row->bind(1, static_cast<std::int64_t>(now.log));
  row->bind(2, static_cast<std::int64_t>(now.database));
  row->exec();
}

} // namespace

expected<put_back> find_put_back(library_store& store, file_births now) {
  return store.attempt([&]() -> expected<put_back> {
    auto row = store.statements.use(
      "SELECT log_birth, database_birth FROM lockstep_state");
    row->executeStep();
    const auto log = row->getColumn(0);
    const auto database = row->getColumn(1);
    auto is_another = [](const SQLite::Column& noted, std::uint64_t birth) {
      return !noted.isNull()
             && static_cast<std::uint64_t>(noted.getInt64()) != birth;
    };
    if (is_another(log, now.log))
      return put_back::log;
    return is_another(database, now.database) ? put_back::database
                                              : put_back::nothing;
  });
}

expected<void> take_over(library_store& store, sync_log_store& log,
                         put_back what, file_births now, timestamp at) {
  if (what == put_back::log)
    if (auto done = forget_promises(log, store.own, at); !done)
      return done;
  if (what != put_back::nothing)
    if (auto done = forget_numbers(store, at); !done)
      return done;
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      if (what == put_back::log && knows_others(store)) {
        auto state = store.statements.use(
          "UPDATE lockstep_state SET fetching_anew = ?"
          " WHERE fetching_anew = 0");
        state->bind(1, of_older_copy);
        state->exec();
      }
      note(store, now);
      return {};
    });
}

expected<void> forget_log_birth(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      store.statements.use("UPDATE lockstep_state SET log_birth = NULL")
        ->exec();
      return {};
    });
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

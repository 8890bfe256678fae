#include "tests/support/fleet.hpp"

#include "actors/node_state.hpp"
#include "protocol/chain.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <set>

namespace lockstep {

namespace {

/// Fails the test when a step of the set-up itself goes wrong.
template <class T> T must(expected<T> value) {
  if (!value)
    throw std::runtime_error{value.error().message};
  return std::move(*value);
}

} // namespace

fleet::fleet() : network_(system().spawn(local_network)) {
}

void fleet::TearDown() {
  for (auto& [name, what] : devices_)
    if (what.node)
      crash(name);
  kill(network_);
  network_ = nullptr;
  deterministic::TearDown();
}

fleet::device& fleet::start(const std::string& name) {
  auto& what = devices_[name];
  const auto seed = std::hash<std::string>{}(name);
  auto env = simulated_environment(seed);
  env.wall = [this, name, right = env.wall](time_point at) {
    return right(at)
           + std::chrono::floor<std::chrono::milliseconds>(clocks_off_[name]);
  };
  what.directory = folder_.path() / name;
  auto directory = std::make_shared<data_directory>(
    must(data_directory::open(what.directory)));
  auto identity = must(open_or_create_identity(
    what.directory, new_device{name, env.wall(now()), seed}));
  what.id = identity.id;
  what.events = system().spawn(event_bus, limits.events);
  what.node = system().spawn(
    run_node,
    node_setup{directory, identity, limits, env, network_, what.events, {},
               std::make_shared<const merge_functions>(merges)});
  run();
  return what;
}

void fleet::crash(const std::string& name) {
  auto& what = at(name);
  what.shared = {};
  caf::anon_send_exit(what.node, caf::exit_reason::user_shutdown);
  what.node = nullptr;
  run();
  kill(what.events);
  what.events = nullptr;
  run();
}

void fleet::close(const std::string& name) {
  auto& what = at(name);
  what.shared = {};
  must(ask<done>(what.node, close_node{}));
  what.node = nullptr;
  kill(what.events);
  what.events = nullptr;
  run();
}

void fleet::share(const std::vector<std::string>& names) {
  auto& first = start(names.front());
  first.shared
    = must(ask<library_handles>(first.node, create_library{shared_name_}));
  shared_ = first.shared.id;
  run();
  use_models(names.front());
  for (std::size_t i = 1; i < names.size(); ++i) {
    let_in(names[i], names.front());
    use_models(names[i]);
  }
  const auto differs = settle();
  if (!differs.empty())
    throw std::runtime_error{"the fleet did not come together: " + differs};
}

fleet::device& fleet::let_in(const std::string& name,
                             const std::string& leader) {
  auto& other = start(name);
  const auto& from = at(leader);
  must(
    ask<receipt>(from.shared.library, change_member{{other.id, name, false}}));
  other.shared = must(ask<library_handles>(
    other.node, join_library{shared_, shared_name_, from.id, from.id}));
  return other;
}

void fleet::use_models(const std::string& name) {
  auto use = [&]<syncable T>(const T&) {
    using traits = syncable_traits<T>;
    must(
      commit(name, {sql_statement{std::string{traits::create_table()}, {}}}));
    std::vector<std::string> local;
    for (const auto field : traits::excluded())
      local.emplace_back(field);
    must(ask<tracked_table>(at(name).shared.library,
                            track_table{std::string{traits::model},
                                        std::string{traits::model}, local}));
  };
  use(location{});
  use(tag{});
  use(album{});
  use(collection{});
  use(user_metadata_tag{});
}

void fleet::reopen(const std::string& name) {
  auto& what = at(name);
  what.shared = must(ask<library_handles>(what.node, open_library{shared_}));
  run();
}

void fleet::lose_tables(const std::string& name) {
  const auto file = database_of(name);
  crash(name);
  for (const auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(file.string() + suffix);
  start(name);
  reopen(name);
  use_models(name);
}

void fleet::set_online(const std::string& name, bool online) {
  tell(network_, lockstep::set_online{at(name).id, online});
}

void fleet::set_clock(const std::string& name, duration off) {
  clocks_off_[name] = off;
}

void fleet::set_faults(const lockstep::set_faults& how) {
  tell(network_, how);
}

expected<receipt> fleet::commit(const std::string& name,
                                std::vector<transaction_step> steps,
                                receipt_state wait_for) {
  return ask<receipt>(at(name).shared.library,
                      commit_transaction{std::move(steps), wait_for});
}

std::filesystem::path fleet::database_of(const std::string& name) {
  return at(name).directory / "libraries" / to_string(shared_) / "database.db";
}

void fleet::write_outside(const std::string& name, const std::string& sql) {
  SQLite::Database file{database_of(name).string(), SQLite::OPEN_READWRITE,
                        5'000};
  file.exec(sql);
}

void fleet::notice(const std::string& name) {
  tell(at(name).shared.library, database_written{});
}

library_status fleet::status(const std::string& name) {
  return must(ask<library_status>(at(name).shared.library, read_status{}));
}

library_digest fleet::digest(const std::string& name) {
  return must(ask<library_digest>(at(name).shared.library, read_digest{}));
}

std::vector<entry> fleet::log(const std::string& name) {
  std::vector<entry> list;
  for (;;) {
    const auto since = list.empty() ? sequence_number{} : list.back().sequence;
    auto more
      = must(ask<entry_list>(at(name).shared.log, fetch_since{since, 1'000}));
    if (more.list.empty())
      return list;
    list.insert(list.end(), more.list.begin(), more.list.end());
  }
}

leadership_view fleet::leadership(const std::string& name) {
  return must(ask<leadership_view>(at(name).shared.leadership, read_leader{}));
}

std::string fleet::leader() {
  std::string found;
  for (auto& [name, what] : devices_) {
    if (!what.shared.library || leadership(name).role != role::leader)
      continue;
    if (!found.empty())
      return {};
    found = name;
  }
  return found;
}

std::string fleet::difference() {
  std::string first;
  library_digest expected_digest;
  for (auto& [name, what] : devices_) {
    if (!what.shared.library)
      continue;
    const auto now = status(name);
    if (now.pending != 0)
      return name + " has " + std::to_string(now.pending) + " pending";
    if (now.applied != now.head.position.sequence)
      return name + " has not applied all";
    const auto held = digest(name);
    if (first.empty()) {
      first = name;
      expected_digest = held;
    } else if (held.sequence != expected_digest.sequence
               || held.log != expected_digest.log) {
      return "the logs of " + first + " (" + to_string(expected_digest.sequence)
             + ") and " + name + " (" + to_string(held.sequence) + ") differ";
    } else if (held.tables != expected_digest.tables) {
      return "the tables of " + first + " and " + name + " differ";
    }
  }
  return {};
}

std::string fleet::settle(duration patience) {
  const auto end = now() + patience;
  for (;;) {
    run();
    auto differs = difference();
    if (differs.empty() || now() >= end)
      return differs;
    advance(std::chrono::milliseconds{250});
  }
}

record_id fleet::make_id() {
  const auto number = next_id_++;
  return record_id{make_uuid_v7(1'767'225'600'000 + number, 0, number)};
}

} // namespace lockstep

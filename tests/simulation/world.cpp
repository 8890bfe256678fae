#include "tests/simulation/world.hpp"

#include "actors/node_state.hpp"

namespace lockstep::simulation {

namespace {

constexpr duration long_patience = std::chrono::minutes{5};

expected<leadership_view> view_of(world& where, device& which) {
  return where.ask<leadership_view>(which, which.shared.leadership,
                                    std::chrono::seconds{5}, read_leader{});
}

} // namespace

world::world(std::uint64_t seed, const std::filesystem::path& folder)
  : run(seed), tables(everyday_tables().begin(), everyday_tables().end()),
    folder_(folder),
    disk_(seed,
          [this] { return wall_of(run.running()).time_since_epoch().count(); }),
    network_(run.system().spawn(local_network)) {
  run.story.hide(folder.string());
  run.name_of = [this](owner whose) {
    return devices.at(static_cast<std::size_t>(whose)).name;
  };
}

world::~world() {
  for (auto& one : devices)
    if (one.up)
      crash(one, unflushed::kept);
  run.kill(network_);
  network_ = nullptr;
  run.before_step = nullptr;
  run.after_step = nullptr;
  run.finish();
}

wall_time world::wall_of(owner whose) {
  const auto skew = whose == nobody
                      ? duration::zero()
                      : *devices.at(static_cast<std::size_t>(whose)).skew;
  return virtual_time::simulated_environment(0, skew).wall(run.now());
}

device& world::add_device() {
  auto& made = devices.emplace_back();
  made.number = static_cast<owner>(devices.size() - 1);
  made.name = "d" + std::to_string(made.number);
  made.folder = folder_ / made.name;
  made.disk = &disk_.add_volume(made.folder);
  made.seed = run.draw(std::uint64_t{1} << 40);
  return made;
}

expected<void> world::start(device& which) {
  auto env = virtual_time::simulated_environment(which.seed);
  env.wall = [this, number = which.number](time_point) {
    return wall_of(number);
  };
  env.birth = [disk = which.disk](const std::filesystem::path& file) {
    return disk->birth_of(file.string());
  };
  auto directory = data_directory::open(which.folder);
  if (!directory)
    return tl::make_unexpected(directory.error());
  auto identity = open_or_create_identity(
    which.folder, new_device{which.name, wall_of(which.number), which.seed});
  if (!identity)
    return tl::make_unexpected(identity.error());
  which.id = identity->id;
  which.disk->restore_power();
  if (before_start)
    before_start(which);
  auto own_limits = limits;
  if (which.number == never_leads)
    own_limits.leadership.priority = -1;
  which.events = run.as(
    which.number, [&] { return run.system().spawn(event_bus, limits.events); });
  which.node = run.as(which.number, [&] {
    return run.system().spawn(
      run_node,
      node_setup{std::make_shared<data_directory>(std::move(*directory)),
                 *identity,
                 own_limits,
                 env,
                 network_,
                 which.events,
                 {},
                 {}});
  });
  which.up = true;
  say(which.name + " starts");
  return {};
}

expected<void> world::share(std::size_t count) {
  run.before_step = [this](owner whose, caf::mailbox_element& next) {
    if (whose == nobody) {
      if (before_carry)
        before_carry(next);
    } else if (before_step) {
      before_step(devices.at(static_cast<std::size_t>(whose)), next);
    }
  };
  run.after_step = [this](owner whose) {
    if (whose == nobody) {
      if (after_answer)
        after_answer();
      return;
    }
    auto& which = devices.at(static_cast<std::size_t>(whose));
    if (after_step && which.disk->has_power())
      after_step(which);
    notice_power_cut(which);
  };
  for (std::size_t i = 0; i < count; ++i)
    if (auto started = start(add_device()); !started)
      return started;
  auto& first = devices.front();
  auto made = ask<library_handles>(first, first.node, long_patience,
                                   create_library{"shared"});
  if (!made)
    return tl::make_unexpected(made.error());
  first.shared = *made;
  first.shared_once = true;
  shared_ = made->id;
  if (auto tables = make_tables(first, long_patience); !tables)
    return tables;
  for (std::size_t i = 1; i < count; ++i)
    if (auto in = let_in(devices[i], first, long_patience); !in)
      return in;
  // The run starts with devices that know each other.
  run.run_for(std::chrono::minutes{3});
  return {};
}

expected<void> world::let_in(device& newcomer, device& host,
                             duration patience) {
  if (!newcomer.shared.library) {
    auto member
      = ask<receipt>(host, host.shared.library, patience,
                     change_member{{newcomer.id, newcomer.name, false}});
    if (!member)
      return tl::make_unexpected(member.error());
    newcomer.joined_from = host.id;
    newcomer.joined_at = run.elapsed();
    auto joined = ask<library_handles>(
      newcomer, newcomer.node, patience,
      join_library{shared_, "shared", devices.front().id, host.id});
    if (!joined)
      return tl::make_unexpected(joined.error());
    newcomer.shared = *joined;
    newcomer.shared_once = true;
  }
  return make_tables(newcomer, patience);
}

expected<void> world::make_tables(device& where, duration patience) {
  std::vector<transaction_step> schemas;
  for (const auto& table : tables)
    schemas.emplace_back(sql_statement{std::string{table.schema}, {}});
  auto made = ask<receipt>(where, where.shared.library, patience,
                           commit_transaction{std::move(schemas)});
  if (!made)
    return tl::make_unexpected(made.error());
  for (const auto& table : tables) {
    auto tracked = ask<tracked_table>(
      where, where.shared.library, patience,
      track_table{std::string{table.name}, {}, {}, table.policy});
    if (!tracked)
      return tl::make_unexpected(tracked.error());
  }
  where.ready = true;
  say(where.name + " is ready");
  return {};
}

expected<void> world::reopen(device& which) {
  auto opened = ask<library_handles>(which, which.node, long_patience,
                                     open_library{shared_});
  if (!opened)
    return tl::make_unexpected(opened.error());
  which.shared = *opened;
  return {};
}

void world::crash(device& which, unflushed fate) {
  if (which.disk->has_power())
    which.disk->cut_power(fate);
  if (before_down)
    before_down(which);
  which.reader.reset();
  which.up = false;
  which.shared = {};
  which.node = nullptr;
  which.events = nullptr;
  run.set_frozen(which.number, false);
  run.kill_all(which.number);
  ++crashes;
  say(which.name + " is down");
}

expected<void> world::close(device& which) {
  which.shared = {};
  // The last one to close a database ends its journal.
  which.reader.reset();
  auto closed = ask<done>(which, which.node, long_patience, close_node{});
  if (!closed)
    return tl::make_unexpected(closed.error());
  crash(which, unflushed::torn);
  --crashes;
  return {};
}

void world::lose(device& which, const std::filesystem::path& file) {
  // The next who opens it finds that the empty file in its place is gone.
  std::filesystem::remove(file);
  say(which.name + " loses " + file.filename().string());
}

expected<void> world::leave(device& which, duration patience) {
  which.shared = {};
  which.reader.reset();
  if (before_down)
    before_down(which);
  auto left
    = ask<done>(which, which.node, patience, delete_library{shared_, false});
  if (!left)
    return tl::make_unexpected(left.error());
  if (before_down)
    before_down(which);
  note_left(which);
  return {};
}

void world::note_left(device& which) {
  which.ready = which.shared_once = false;
  say(which.name + " has left");
}

void world::set_frozen(device& which, bool frozen) {
  run.set_frozen(which.number, frozen);
  if (!frozen)
    which.woken = run.elapsed();
}

void world::notice_power_cut(device& which) {
  if (!which.up || which.disk->has_power())
    return;
  say(which.name + " loses its power while it writes");
  crash(which, unflushed::kept);
}

void world::notice_power_cuts() {
  for (auto& one : devices)
    notice_power_cut(one);
}

std::string world::describe() {
  constexpr std::chrono::seconds patience{5};
  auto name = [this](device_id id) {
    for (const auto& one : devices)
      if (one.id == id)
        return one.name;
    return std::string{"nobody"};
  };
  std::string text;
  for (auto& one : devices) {
    if (!one.up || !one.shared.library)
      continue;
    const auto state
      = ask<library_status>(one, one.shared.library, patience, read_status{});
    if (!state) {
      text += "\n" + one.name + ": " + state.error().message;
      continue;
    }
    const auto& view = state->leadership;
    text += "\n" + one.name + ": " + std::string{to_string(view.role)}
            + ", leader " + name(view.leader) + ", term "
            + to_string(view.ballot.term) + " of " + name(view.ballot.device)
            + ", log " + to_string(state->head.position.sequence) + ", applied "
            + to_string(state->applied) + ", pending "
            + std::to_string(state->pending) + ", set aside "
            + std::to_string(state->set_aside) + ", members";
    for (const auto& who : state->members)
      text += " " + name(who.device) + (who.removed ? "(removed)" : "");
  }
  return text;
}

bool world::leads(device& which) {
  const auto view = view_of(*this, which);
  return view && view->role == role::leader;
}

bool world::knows_leader(device& which) {
  const auto view = view_of(*this, which);
  return view && !view->leader.is_nil();
}

void world::set_online(const device& which, bool online) {
  tell_network(lockstep::set_online{which.id, online});
}

std::filesystem::path world::database_of(const device& which) const {
  return which.folder / "libraries" / to_string(shared_) / "database.db";
}

std::filesystem::path world::log_of(const device& which) const {
  return which.folder / "libraries" / to_string(shared_) / "sync.db";
}

} // namespace lockstep::simulation

#include "apps/cli/libraries.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/members.hpp"
#include "apps/cli/open_device.hpp"
#include "apps/embedded/membership.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

namespace lockstep::cli {

namespace {

/// A library of this device; `now` is why it cannot be opened, where it cannot.
struct standing {
  known_library what;
  expected<library_status> now;
  /// Members that do not let this device in any more.
  std::vector<refused_by> refused = {};
  /// Whether this device is a member still.
  expected<void> membership = {};
};

nlohmann::json standing_json(const standing& one) {
  if (one.now) {
    auto json = status_json(*one.now, one.refused);
    if (!one.membership)
      json["removed"] = true;
    return json;
  }
  return {{"library", to_string(one.what.id)},
          {"name", one.what.name},
          {"state", "failed"},
          {"reason", one.now.error().message}};
}

nlohmann::json damaged_json(const damaged_library& one) {
  return {
    {"library", one.folder}, {"state", "failed"}, {"reason", one.why.message}};
}

text_table standing_table(const std::vector<standing>& list) {
  text_table table{{"NAME", "LIBRARY", "STATE", "ROLE", "SEQUENCE", "PENDING",
                    "CONFLICTS", "MEMBERS"},
                   {}};
  for (const auto& [what, now, refused, membership] : list) {
    auto& row = table.rows.emplace_back();
    row = {what.name, to_string(what.id)};
    if (!now) {
      row.push_back("failed: " + now.error().message);
      continue;
    }
    row.insert(row.end(),
               {state_text(*now), std::string{to_string(now->leadership.role)},
                with_commas(now->head.position.sequence.value),
                with_commas(now->pending), with_commas(now->conflicts),
                with_commas(members_of(*now).size())});
  }
  return table;
}

/// The table, and below it what is wrong.
std::string standing_text(const std::vector<standing>& list,
                          const std::vector<damaged_library>& damaged = {}) {
  auto table = standing_table(list);
  for (const auto& one : damaged)
    table.rows.push_back({"?", one.folder, "failed: " + one.why.message});
  auto text = to_text(table);
  for (const auto& one : list)
    if (one.now) {
      text += problem_lines(*one.now, one.refused);
      if (!one.membership)
        text += one.what.name + ": " + one.membership.error().message + "\n";
    }
  return text;
}

standing standing_of(open_device& device, const known_library& what) {
  auto opened = device.node().open_library(to_string(what.id));
  if (!opened)
    return {what, tl::make_unexpected(opened.error())};
  standing found{what, open_device::settled_status(*opened)};
  const auto refusals = device.node().refusals();
  const auto replication = opened->replication().get();
  if (!found.now)
    return found;
  const auto members = members_of(*found.now);
  for (const auto& one : refusals.value_or(std::vector<refused_by>{}))
    if (std::any_of(members.begin(), members.end(),
                    [&](const member& of) { return of.device == one.device; }))
      found.refused.push_back(one);
  for (const auto& peer : replication.value_or(replication_view{}).peers)
    if (peer.refuses)
      found.refused.push_back(
        {peer.device, "your device is no member of this library there."});
  found.membership
    = check_membership_in(opened->name(), found.now, replication, refusals);
  return found;
}

struct create_arguments {
  std::string name;
  std::optional<std::string> database;
};

expected<void> create(const options& given, const create_arguments& what) {
  const auto& name = what.name;
  auto file = database_path(given, what.database);
  if (!file)
    return tl::make_unexpected(file.error());
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto made = device->node().create_library(name, *file);
  if (!made)
    return tl::make_unexpected(made.error());
  const auto id = to_string(made->id());
  const auto path = device->directory() / "libraries" / id;
  const auto& database = made->database();
  given.out().answer({{"library", id},
                      {"name", name},
                      {"path", path.string()},
                      {"database", database.string()}},
                     "library " + id + ", named \"" + name
                       + "\"; its database is " + database.string() + "\n");
  return {};
}

struct delete_arguments {
  std::string library;
  bool detach = false;
};

expected<void> remove(const options& given, const delete_arguments& what) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto of = device->find(what.library);
  if (!of)
    return tl::make_unexpected(of.error());
  if (auto gone = device->node().delete_library(of->id, what.detach); !gone)
    return gone;
  std::error_code ignored;
  const bool stays = std::filesystem::exists(of->database, ignored);
  given.out().answer({{"deleted", to_string(of->id)},
                      {"name", of->name},
                      {"database", stays ? nlohmann::json(of->database.string())
                                         : nlohmann::json{}}},
                     "library " + to_string(of->id) + ", named \"" + of->name
                       + "\", is deleted; "
                       + (stays ? "its database " + of->database.string()
                                    + " stays, without anything of Lockstep's\n"
                                : "nothing is left of it here\n"));
  return {};
}

expected<void> list(const options& given) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto known = device->node().libraries();
  if (!known)
    return tl::make_unexpected(known.error());
  std::vector<standing> all;
  auto json = nlohmann::json::array();
  for (const auto& one : *known) {
    all.push_back(standing_of(*device, one));
    json.push_back(standing_json(all.back()));
  }
  auto damaged = device->node().damaged_libraries();
  if (!damaged)
    return tl::make_unexpected(damaged.error());
  for (const auto& one : *damaged)
    json.push_back(damaged_json(one));
  given.out().answer(json, standing_text(all, *damaged));
  return {};
}

expected<void> status(const options& given, const std::string& name) {
  if (name.empty())
    return list(given);
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  const auto what = device->find(name);
  if (!what)
    return tl::make_unexpected(what.error());
  const auto found = standing_of(*device, *what);
  if (!found.now)
    return tl::make_unexpected(found.now.error());
  given.out().answer(standing_json(found), standing_text({found}));
  return {};
}

struct leader_arguments {
  std::string library;
  std::optional<std::string> transfer;
};

void show_leader(const output& out, const leadership_view& now) {
  const std::string reason
    = now.lacks_majority ? " (a majority of the members is not reached)" : "";
  const auto who = now.leader.is_nil() ? "no device leads now" + reason
                                       : to_string(now.leader) + " leads";
  out.answer(
    {{"leader", id_json(now.leader)}, {"ballot", ballot_json(now.ballot)}},
    who + ", term " + to_string(now.ballot.term) + "\n");
}

expected<void> leader(const options& given, const leader_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    if (!what.transfer)
      return of.status().get().map([&](const library_status& now) {
        show_leader(given.out(), now.leadership);
      });
    const auto to = find_member(of, *what.transfer);
    if (!to)
      return tl::make_unexpected(to.error());
    return of.transfer_leadership(to->device)
      .get()
      .map([&](const leadership_view& now) { show_leader(given.out(), now); });
  });
}

} // namespace

void add_libraries(commands& all) {
  auto& group = all.add_group("library", "Make, list and delete libraries");
  auto make = std::make_shared<create_arguments>();
  auto& creation = all.add(
    "create", "Make a library; this device leads it first",
    "lockstep library create photos --database photos.sqlite",
    [make](const options& given) { return create(given, *make); }, &group);
  creation.add_option("name", make->name, "What people call it")
    ->type_name("NAME")
    ->required();
  add_database_option(creation, make->database);
  all.add("list", "All libraries of this device", "lockstep library list", list,
          &group);

  auto end = std::make_shared<delete_arguments>();
  auto& deletion = all.add(
    "delete", "Take a library off this device; the others keep theirs",
    "lockstep library delete photos --detach",
    [end](const options& given) { return remove(given, *end); }, &group);
  add_library_argument(deletion, end->library).required();
  deletion.add_flag("--detach", end->detach,
                    "Take everything of Lockstep's out of a database that lies"
                    " elsewhere; the file stays");

  auto of = std::make_shared<std::string>();
  add_library_argument(
    all.add("status", "How a library stands, or all of them",
            "lockstep status photos --json",
            [of](const options& given) { return status(given, *of); }),
    *of);
  auto led = std::make_shared<leader_arguments>();
  add_about_library(all, led, "leader", "Who leads a library; hands that over",
                    "lockstep leader photos --transfer phone", leader)
    .add_option("--transfer", led->transfer,
                "The member that is to lead: its id, the start of its id, or"
                " its name")
    ->type_name("DEVICE");
}

} // namespace lockstep::cli

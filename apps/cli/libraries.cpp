#include "apps/cli/libraries.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

/// A library of this device; `now` is why it cannot be opened, where it cannot.
struct standing {
  known_library what;
  expected<library_status> now;
};

nlohmann::json standing_json(const standing& one) {
  if (one.now)
    return status_json(*one.now);
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
  for (const auto& [what, now] : list) {
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
                with_commas(now->members.size())});
  }
  return table;
}

standing standing_of(open_device& device, const known_library& what) {
  auto opened = device.node().open_library(to_string(what.id));
  if (!opened)
    return {what, tl::make_unexpected(opened.error())};
  return {what, open_device::settled_status(*opened)};
}

expected<void> create(const options& given, const std::string& name) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto made = device->node().create_library(name);
  if (!made)
    return tl::make_unexpected(made.error());
  const auto id = to_string(made->id());
  const auto path = device->directory() / "libraries" / id;
  const auto database = path / "database.db";
  given.out().answer({{"library", id},
                      {"name", name},
                      {"path", path.string()},
                      {"database", database.string()}},
                     "library " + id + ", named \"" + name
                       + "\"; its database is " + database.string() + "\n");
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
  auto table = standing_table(all);
  for (const auto& one : *damaged) {
    json.push_back(damaged_json(one));
    table.rows.push_back({"?", one.folder, "failed: " + one.why.message});
  }
  given.out().answer(json, table);
  return {};
}

expected<library_status> status_of(const options& given,
                                   const std::string& name) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto opened = device->open(name);
  if (!opened)
    return tl::make_unexpected(opened.error());
  return open_device::settled_status(*opened);
}

expected<void> status(const options& given, const std::string& name) {
  if (name.empty())
    return list(given);
  return status_of(given, name).map([&](const library_status& now) {
    given.out().answer(
      status_json(now),
      standing_table({{known_library{now.library, now.name, true}, now}}));
  });
}

expected<void> leader(const options& given, const std::string& name) {
  return status_of(given, name).map([&](const library_status& now) {
    const auto json = status_json(now);
    const auto who = now.leadership.leader.is_nil()
                       ? std::string{"no device leads now"}
                       : to_string(now.leadership.leader) + " leads";
    given.out().answer({{"leader", json["leader"]}, {"ballot", json["ballot"]}},
                       who + ", term " + to_string(now.leadership.ballot.term)
                         + "\n");
  });
}

} // namespace

void add_libraries(commands& all) {
  auto& group = all.add_group("library", "Make and list libraries");
  auto name = std::make_shared<std::string>();
  all
    .add(
      "create", "Make a library; this device leads it first",
      "lockstep library create photos",
      [name](const options& given) { return create(given, *name); }, &group)
    .add_option("name", *name, "What people call it")
    ->type_name("NAME")
    ->required();
  all.add("list", "All libraries of this device", "lockstep library list", list,
          &group);

  auto of = std::make_shared<std::string>();
  all
    .add("status", "How a library stands, or all of them",
         "lockstep status photos --json",
         [of](const options& given) { return status(given, *of); })
    .add_option("library", *of, "Its id, the start of its id, or its name")
    ->type_name("LIBRARY");
  all
    .add("leader", "Who leads a library", "lockstep leader photos",
         [of](const options& given) { return leader(given, *of); })
    .add_option("library", *of, "Its id, the start of its id, or its name")
    ->type_name("LIBRARY")
    ->required();
}

} // namespace lockstep::cli

#include "apps/cli/conflicts.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct conflict_arguments {
  std::string library;
  bool all = false;
  std::string conflict;
  std::string take;
};

expected<void> conflicts(const options& given, const conflict_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    auto found = of.conflicts(what.all).get();
    if (!found)
      return tl::make_unexpected(found.error());
    auto json = nlohmann::json::array();
    text_table table{
      {"CONFLICT", "KIND", "MODEL", "RECORD", "OF DEVICE", "AT", "RESOLVED"},
      {}};
    for (const auto& one : found->list) {
      auto shape = conflict_json(one.kept, one.resolved);
      auto text = [&](const char* name) {
        return shape[name].is_string() ? shape[name].get<std::string>()
                                       : std::string{"?"};
      };
      table.rows.push_back({text("conflict"), text("kind"), text("model_type"),
                            text("record_id"), text("device_id"),
                            text("timestamp"), one.resolved ? "yes" : "no"});
      json.push_back(std::move(shape));
    }
    given.out().answer(json, table);
    return {};
  });
}

expected<void> resolve(const options& given, const conflict_arguments& what) {
  const auto conflict = parse_id<record_id>(what.conflict);
  if (!conflict)
    return fail(errc::invalid_argument,
                "\"" + what.conflict
                  + "\" is no conflict's id, which is a UUID; lockstep"
                    " conflicts shows them.");
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    auto done = of.resolve(*conflict, what.take == "loser"
                                        ? resolve_conflict::side::loser
                                        : resolve_conflict::side::winner)
                  .get();
    if (!done)
      return tl::make_unexpected(done.error());
    nlohmann::json sequence;
    if (done->sequence)
      sequence = done->sequence.value;
    given.out().answer(
      {{"sequence", sequence}},
      done->sequence ? "resolved by entry " + to_string(done->sequence) + "\n"
                     : "resolved; it enters the log once a device leads\n");
    return {};
  });
}

} // namespace

void add_conflicts(commands& all) {
  auto what = std::make_shared<conflict_arguments>();
  add_about_library(all, what, "conflicts", "What lost against something else",
                    "lockstep conflicts photos", conflicts)
    .add_flag("--all", what->all, "Also those that are resolved");

  auto& settle = add_about_library(
    all, what, "resolve", "Settle a conflict, on all devices",
    "lockstep resolve photos 0197d9a2-6f00-7000-8000-000000000001 --take loser",
    resolve);
  settle
    .add_option("conflict", what->conflict, "As lockstep conflicts shows it")
    ->type_name("CONFLICT")
    ->required();
  settle
    .add_option("--take", what->take,
                "winner leaves things as they are; loser makes the record what"
                " lost")
    ->check(CLI::IsMember({"winner", "loser"}))
    ->required();
}

} // namespace lockstep::cli

#include "apps/cli/conflicts.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

/// Longer values are cut in the table.
constexpr std::size_t longest_side = 60;
/// How long the leader may take to answer before the command does without.
constexpr auto sequence_patience = 1s;

struct conflict_arguments {
  std::string library;
  bool all = false;
  std::string conflict;
  std::string take;
};

/// What a side is, or was, for people: the columns that the other side has
/// otherwise.
std::string side_text(const nlohmann::json& side, const nlohmann::json& other) {
  const auto data_of = [](const nlohmann::json& one) {
    return one.is_object() ? one.value("data", nlohmann::json{})
                           : nlohmann::json{};
  };
  const auto mine = data_of(side);
  const auto theirs = data_of(other);
  if (!mine.is_object())
    return side.is_object() && side.value("change", "") == "delete" ? "deleted"
                                                                    : "-";
  std::string text;
  for (const auto& [column, value] : mine.items())
    if (!theirs.is_object() || !theirs.contains(column)
        || theirs[column] != value)
      text += (text.empty() ? "" : ", ") + column + "=" + value.dump();
  if (text.size() > longest_side) {
    // Not in the midst of a character.
    auto end = longest_side;
    while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
      --end;
    text = text.substr(0, end) + "...";
  }
  return text;
}

expected<void> conflicts(const options& given, const conflict_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    const auto found = of.conflicts(what.all).get();
    if (!found)
      return tl::make_unexpected(found.error());
    const auto now = of.status().get();
    if (!now)
      return tl::make_unexpected(now.error());
    auto json = nlohmann::json::array();
    text_table table{
      {"CONFLICT", "KIND", "MODEL", "LOST", "STANDS", "BY", "AT", "RESOLVED"},
      {}};
    for (const auto& one : found->list) {
      auto shape = conflict_json(one.kept, one.resolved);
      const auto text = [&](const char* name) {
        return shape[name].is_string() ? shape[name].get<std::string>()
                                       : std::string{"?"};
      };
      const auto by = parse_id<device_id>(text("device_id"));
      table.rows.push_back({text("conflict"), text("kind"), text("model_type"),
                            side_text(shape["loser"], shape["winner"]),
                            side_text(shape["winner"], shape["loser"]),
                            by ? name_of(*now, *by) : "?", text("timestamp"),
                            one.resolved ? "yes" : "no"});
      json.push_back(std::move(shape));
    }
    given.out().answer(json, table);
    return {};
  });
}

/// A conflict by its id, or an unambiguous start of it.
expected<record_id> find_conflict(library& of, const std::string& text) {
  if (const auto whole = parse_id<record_id>(text))
    return *whole;
  const auto found = of.conflicts(true).get();
  if (!found)
    return tl::make_unexpected(found.error());
  std::vector<record_id> matches;
  for (const auto& one : found->list)
    if (text.size() >= id_start_least
        && to_string(one.kept.record).starts_with(text))
      matches.push_back(one.kept.record);
  if (matches.size() > 1)
    return fail(errc::invalid_argument,
                "\"" + text
                  + "\" stands for several conflicts; name one by its id.");
  if (matches.empty())
    return fail(errc::not_found, "There is no conflict \"" + text + "\" in \""
                                   + of.name()
                                   + "\"; lockstep conflicts shows them.");
  return matches.front();
}

/// A receipt with its place in the log, where that comes within a moment.
receipt sequenced_soon(library& of, receipt given) {
  const auto end = std::chrono::steady_clock::now() + sequence_patience;
  while (given.state == receipt_state::local
         && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(10ms);
    auto later = of.find_receipt(given).get();
    if (!later)
      break;
    given = *later;
  }
  return given;
}

expected<void> resolve(const options& given, const conflict_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    const auto conflict = find_conflict(of, what.conflict);
    if (!conflict)
      return tl::make_unexpected(conflict.error());
    const auto done
      = of.resolve(*conflict, what.take == "loser"
                                ? resolve_conflict::side::loser
                                : resolve_conflict::side::winner)
          .get()
          .map([&](const receipt& made) { return sequenced_soon(of, made); });
    if (!done)
      return tl::make_unexpected(done.error());
    nlohmann::json sequence;
    if (done->sequence)
      sequence = done->sequence.value;
    given.out().answer(
      {{"sequence", sequence}},
      done->sequence ? "resolved by entry " + to_string(done->sequence) + "\n"
                     : "resolved here; the other devices hear of it with the"
                       " next contact\n");
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
  settle.add_option("conflict", what->conflict, "Its id, or the start of it")
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

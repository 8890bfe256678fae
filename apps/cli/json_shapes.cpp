#include "apps/cli/json_shapes.hpp"

#include "apps/cli/output.hpp"

#include <algorithm>
#include <iterator>

namespace lockstep::cli {

namespace {

nlohmann::json parsed(const std::string& data) {
  auto json = nlohmann::json::parse(data, nullptr, false);
  return json.is_discarded() ? nlohmann::json{} : json;
}

std::string stamp_text(timestamp at) {
  return time_text(wall_time{
    std::chrono::milliseconds{static_cast<std::int64_t>(at.unix_ms())}});
}

} // namespace

std::string name_of(const library_status& now, device_id device) {
  for (const auto& one : now.members)
    if (one.device == device)
      return "\"" + one.name + "\"";
  return to_string(device);
}

std::string state_text(const library_status& now) {
  if (now.problem.code == errc::corrupt)
    return "failed";
  if (now.first_sync)
    return "backfilling";
  if (now.applied < now.head.position.sequence || now.is_fetching_anew)
    return "catching_up";
  if (now.leadership.lacks_majority)
    return "no_majority";
  return now.leadership.alone ? "alone" : "ready";
}

std::string time_text(wall_time at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  auto millisecond = std::to_string((at - second).count());
  millisecond.insert(0, 3 - millisecond.size(), '0');
  auto text = to_string(at);
  text.back() = '.';
  return text + millisecond + "Z";
}

std::vector<member> members_of(const library_status& now) {
  std::vector<member> list;
  std::copy_if(now.members.begin(), now.members.end(), std::back_inserter(list),
               [](const member& one) { return !one.removed; });
  return list;
}

std::string problem_lines(const library_status& now,
                          const std::vector<refused_by>& refused) {
  std::string text;
  for (const auto& one : refused)
    text += now.name + ": " + name_of(now, one.device)
            + " does not let this device in: " + one.reason + "\n";
  if (now.first_sync)
    text += now.name
            + ": the first sync has not finished, so that it cannot be"
              " read yet: "
            + first_sync_text(*now.first_sync) + "\n";
  else if (now.is_fetching_anew && now.leadership.leader.is_nil())
    text += now.name
            + ": its log is older than what other members have, and this"
              " device waits for one of them; where they are gone for good,"
              " lockstep repair --alone goes on without them\n";
  if (now.problem.code != errc::none)
    text += now.name
            + ": its tables do not follow the log: " + now.problem.message
            + (now.problem.code == errc::corrupt
                   && now.problem.message.find("lockstep repair")
                        == std::string::npos
                 ? " lockstep repair mends damaged files."
                 : "")
            + "\n";
  if (now.leadership.lacks_majority)
    text += now.name
            + ": nobody leads: that takes a majority of the members, and this"
              " device does not reach one; what is written here is kept and"
              " waits\n";
  if (now.set_aside != 0)
    text += now.name + ": entries set aside, as they cannot be applied here: "
            + std::to_string(now.set_aside)
            + "; lockstep set-aside shows them\n";
  if (!now.capture_problem.empty())
    text += now.name + ": what another program wrote cannot enter the log: "
            + now.capture_problem + "\n";
  if (!now.table_problem.empty())
    text += now.name + ": " + now.table_problem + "\n";
  return text;
}

nlohmann::json id_json(device_id id) {
  return id.is_nil() ? nlohmann::json{} : nlohmann::json(to_string(id));
}

nlohmann::json ballot_json(const ballot& value) {
  return {{"term", value.term.value}, {"device", id_json(value.device)}};
}

nlohmann::json status_json(const library_status& now,
                           const std::vector<refused_by>& refused) {
  auto members = nlohmann::json::array();
  for (const auto& one : members_of(now))
    members.push_back({{"device", to_string(one.device)},
                       {"name", one.name},
                       {"leader", one.device == now.leadership.leader}});
  nlohmann::json json{{"library", to_string(now.library)},
                      {"name", now.name},
                      {"device", to_string(now.device)},
                      {"role", to_string(now.leadership.role)},
                      {"leader", id_json(now.leadership.leader)},
                      {"ballot", ballot_json(now.leadership.ballot)},
                      {"lease_expires_at", time_text(now.leadership.lease_end)},
                      {"state", state_text(now)},
                      {"sequence", now.head.position.sequence.value},
                      {"applied", now.applied.value},
                      {"pending", now.pending},
                      {"stable", now.stable.value},
                      {"conflicts", now.conflicts},
                      {"members", members}};
  for (const auto& one : refused)
    json["refused_by"].push_back(
      {{"device", to_string(one.device)}, {"reason", one.reason}});
  if (now.set_aside != 0)
    json["set_aside"] = now.set_aside;
  if (now.first_sync)
    json["first_sync"] = first_sync_json(*now.first_sync);
  if (now.problem.code != errc::none)
    json["problem"] = now.problem.message;
  if (!now.capture_problem.empty())
    json["capture_problem"] = now.capture_problem;
  if (!now.table_problem.empty())
    json["table_problem"] = now.table_problem;
  return json;
}

std::string first_sync_text(const first_sync_progress& now) {
  auto text = with_commas(now.entries);
  if (now.total != 0)
    text += " of " + with_commas(now.total);
  text += " entries";
  if (now.bytes != 0)
    text += ", " + bytes_text(now.bytes);
  if (now.left)
    text += ", about " + std::to_string(now.left->count()) + " s left";
  return text;
}

nlohmann::json first_sync_json(const first_sync_progress& now) {
  nlohmann::json json{{"entries", now.entries}, {"bytes", now.bytes}};
  json["total"] = now.total != 0 ? nlohmann::json(now.total) : nullptr;
  json["seconds_left"] = now.left ? nlohmann::json(now.left->count()) : nullptr;
  return json;
}

nlohmann::json entry_json(const entry& what) {
  return {{"sequence", what.sequence.value},
          {"ballot", ballot_json(what.ballot)},
          {"device_id", to_string(what.device)},
          {"device_sequence", what.device_sequence.value},
          {"timestamp", stamp_text(what.timestamp)},
          {"model_type", what.model},
          {"record_id", to_string(what.record)},
          {"change_type", to_string(what.change)},
          {"version", what.version.value},
          {"transaction_end", what.transaction_end.value},
          {"data", parsed(what.data)}};
}

nlohmann::json conflict_json(const entry& kept, bool resolved) {
  const auto image = parsed(kept.data);
  auto field = [&](const char* name) {
    return image.is_object() && image.contains(name) ? image[name]
                                                     : nlohmann::json{};
  };
  auto side = [&](const char* name) {
    auto one = field(name);
    if (one.is_object() && one.contains("data") && one["data"].is_string())
      one["data"] = parsed(one["data"].get<std::string>());
    return one;
  };
  const auto loser = side("loser");
  return {{"conflict", to_string(kept.record)},
          {"kind", field("kind")},
          {"model_type", field("model")},
          {"record_id", field("record")},
          {"reason", field("reason")},
          {"winner", side("winner")},
          {"loser", loser},
          {"device_id", loser.is_object() ? loser.value("device", "") : ""},
          {"timestamp", stamp_text(kept.timestamp)},
          {"resolved", resolved}};
}

} // namespace lockstep::cli

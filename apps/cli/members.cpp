#include "apps/cli/members.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/library_view.hpp"
#include "apps/cli/open_device.hpp"

#include <algorithm>
#include <iterator>
#include <memory>

namespace lockstep::cli {

namespace {

struct member_arguments {
  std::string library;
  std::string device;
};

/// One member as this device sees it.
struct member_row {
  member_description what;
  std::optional<sequence_number> acknowledged;
  std::optional<std::uint64_t> lag;
  std::optional<wall_time> last_contact;
  bool connected = false;
  bool leads = false;
};

member_row row_of(const library_view& now, const member_description& what) {
  member_row row;
  row.what = what;
  const auto device = what.member.device;
  row.leads = device == now.status.leadership.leader;
  if (device == now.status.device) {
    row.acknowledged = now.status.head.position.sequence;
    row.connected = true;
  }
  for (const auto& peer : now.replication.peers)
    if (peer.device == device) {
      row.acknowledged = peer.acknowledged;
      row.last_contact = peer.last_contact;
      row.connected = peer.connected;
    }
  const auto& end = now.replication.leader_sequence;
  if (row.acknowledged && end)
    row.lag = end->value - std::min(end->value, row.acknowledged->value);
  return row;
}

nlohmann::json row_json(const member_row& row) {
  nlohmann::json json{{"device", to_string(row.what.member.device)},
                      {"name", row.what.member.name},
                      {"address", nullptr},
                      {"acknowledged", nullptr},
                      {"lag", nullptr},
                      {"last_contact", nullptr},
                      {"connected", row.connected},
                      {"leader", row.leads}};
  if (!row.what.addresses.empty())
    json["address"] = row.what.addresses.front();
  if (row.acknowledged)
    json["acknowledged"] = row.acknowledged->value;
  if (row.lag)
    json["lag"] = *row.lag;
  if (row.last_contact)
    json["last_contact"] = time_text(*row.last_contact);
  return json;
}

std::vector<std::string> row_text(const member_row& row) {
  return {row.what.member.name,
          to_string(row.what.member.device),
          row.what.addresses.empty() ? "-" : row.what.addresses.front(),
          row.acknowledged ? with_commas(row.acknowledged->value) : "?",
          row.lag ? with_commas(*row.lag) : "?",
          row.last_contact ? time_text(*row.last_contact) : "-",
          row.connected ? "yes" : "no",
          row.leads ? "leader" : ""};
}

expected<void> members(const options& given, const member_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    auto known = of.members().get();
    if (!known)
      return tl::make_unexpected(known.error());
    const auto now = view_of(of);
    if (!now)
      return tl::make_unexpected(now.error());
    auto json = nlohmann::json::array();
    text_table table{{"NAME", "DEVICE", "ADDRESS", "ACKNOWLEDGED", "LAG",
                      "LAST CONTACT", "CONNECTED", ""},
                     {}};
    for (const auto& one : known->members) {
      if (one.member.removed)
        continue;
      const auto row = row_of(*now, one);
      json.push_back(row_json(row));
      table.rows.push_back(row_text(row));
    }
    given.out().answer(json, table);
    return {};
  });
}

expected<void> remove(const options& given, const member_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    const auto found = find_member(of, what.device);
    if (!found)
      return tl::make_unexpected(found.error());
    const auto now = of.status().get();
    if (!now)
      return tl::make_unexpected(now.error());
    if (found->device == now->device)
      return fail(errc::invalid_argument,
                  "A device does not remove itself; do it on another one, or"
                  " take the library off this one with lockstep library"
                  " delete.");
    const auto done = of.remove_member(found->device).get();
    if (!done)
      return tl::make_unexpected(done.error());
    given.out().answer({{"removed", to_string(found->device)}},
                       "\"" + found->name + "\" is no member of \"" + of.name()
                         + "\" any more; its own copy stays with it\n");
    return {};
  });
}

} // namespace

expected<member> find_member(library& of, const std::string& text) {
  const auto known = of.members().get();
  if (!known)
    return tl::make_unexpected(known.error());
  std::vector<member> matches;
  auto take = [&](auto fits) {
    for (const auto& one : known->members)
      if (!one.member.removed && fits(one.member))
        matches.push_back(one.member);
  };
  take([&](const member& one) {
    return one.name == text || to_string(one.device) == text;
  });
  if (matches.empty() && text.size() >= id_start_least)
    take([&](const member& one) {
      return to_string(one.device).starts_with(text);
    });
  if (matches.empty())
    return fail(errc::not_found, "There is no member \"" + text + "\" of \""
                                   + of.name()
                                   + "\"; lockstep members shows all.");
  if (matches.size() > 1)
    return fail(errc::invalid_argument,
                "\"" + text
                  + "\" stands for several members; name one by its id.");
  return matches.front();
}

void add_members(commands& all) {
  auto what = std::make_shared<member_arguments>();
  add_about_library(all, what, "members",
                    "Who takes part, and how far each device is",
                    "lockstep members photos", members);
  add_about_library(all, what, "remove",
                    "End a membership; the device's own copy stays with it",
                    "lockstep remove photos phone", remove)
    .add_option("device", what->device,
                "Its id, the start of its id, or its name")
    ->type_name("DEVICE")
    ->required();
}

} // namespace lockstep::cli

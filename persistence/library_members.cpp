#include "persistence/library_members.hpp"

#include "persistence/unlogged_records.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace lockstep {

namespace {

std::string text_in(const nlohmann::json& image, const char* field) {
  const auto found = image.find(field);
  return found != image.end() && found->is_string() ? found->get<std::string>()
                                                    : std::string{};
}

member_description description_in(const record_id& record,
                                  const std::string& data) {
  member_description one{{device_id{record.bytes}, {}, false}, {}, {}};
  const auto image = nlohmann::json::parse(data, nullptr, false);
  if (!image.is_object())
    return one;
  one.member.name = text_in(image, "name");
  one.certificate = text_in(image, "certificate");
  if (const auto removed = image.find("removed");
      removed != image.end() && removed->is_boolean())
    one.member.removed = removed->get<bool>();
  if (const auto addresses = image.find("addresses");
      addresses != image.end() && addresses->is_array())
    for (const auto& address : *addresses)
      if (address.is_string())
        one.addresses.push_back(address.get<std::string>());
  return one;
}

/// The newest entry of each member, for use within `attempt`.
expected<std::vector<entry>> newest_entries(library_store& store) {
  std::vector<entry> list;
  for (const auto at : store.index.latest_of(member_model)) {
    auto found = store.entry_at(at);
    if (!found)
      return tl::make_unexpected(found.error());
    if (*found)
      list.push_back(std::move(**found));
  }
  return list;
}

/// Who took part by what was given back of the log. A device whose log lacks
/// itself, which nobody else's may say any more, says it anew.
expected<std::map<device_id, member>> members_given_back(library_store& store) {
  return store.attempt([&]() -> expected<std::map<device_id, member>> {
    std::map<device_id, member> list;
    const bool is_anew = store.is_fetching_anew();
    for (const auto& [what, place] : store.pending.all_of(member_model)) {
      const bool is_given_back = is_anew || pending_queue::is_in_front(place);
      const bool is_own = what.record.bytes == store.own.bytes;
      if (what.change == change_type::remove || !(is_given_back || is_own))
        continue;
      auto one = description_in(what.record, what.data).member;
      one.given_back = is_given_back;
      list.insert_or_assign(one.device, std::move(one));
    }
    return list;
  });
}

/// The entry by which a member was let in, its newest one given; none where
/// that was vacuumed.
expected<sequence_number> let_in_at(library_store& store, entry newest) {
  for (;;) {
    if (!newest.previous)
      return newest.sequence;
    auto before = store.entry_at(newest.previous);
    if (!before)
      return tl::make_unexpected(before.error());
    if (!*before)
      return sequence_number{};
    if (description_in((*before)->record, (*before)->data).member.removed)
      return newest.sequence;
    newest = std::move(**before);
  }
}

} // namespace

expected<std::vector<member>> known_members(library_store& store,
                                            device_id joined_from) {
  auto list = store.members();
  if (!list)
    return list;
  auto is_listed = [&](device_id device) {
    return std::ranges::find(*list, device, &member::device) != list->end();
  };
  const auto given_back = members_given_back(store);
  if (!given_back)
    return tl::make_unexpected(given_back.error());
  for (const auto& [device, what] : *given_back)
    if (!is_listed(device))
      list->push_back(what);
  if (!joined_from.is_nil() && !is_listed(joined_from))
    list->push_back({joined_from, {}, false});
  return store.attempt([&]() -> expected<std::vector<member>> {
    // A device whose log was lost still knows whom to ask for it.
    for (auto& one : unlogged_members(store))
      if (std::none_of(list->begin(), list->end(), [&](const member& what) {
            return what.device == one.device;
          }))
        list->push_back(std::move(one));
    return std::move(*list);
  });
}

expected<sequence_number> newest_member_entry(library_store& store) {
  return store.attempt([&]() -> expected<sequence_number> {
    const auto list = store.index.latest_of(member_model);
    return list.empty() ? sequence_number{} : list.back();
  });
}

expected<std::vector<member_description>>
described_members(library_store& store) {
  return store.attempt([&]() -> expected<std::vector<member_description>> {
    return newest_entries(store).map([](const std::vector<entry>& entries) {
      std::vector<member_description> list;
      for (const auto& one : entries)
        list.push_back(description_in(one.record, one.data));
      return list;
    });
  });
}

expected<sequence_number> vacuum_bound(library_store& store,
                                       sequence_number through) {
  return store.attempt([&]() -> expected<sequence_number> {
    const auto newest = newest_entries(store);
    if (!newest)
      return tl::make_unexpected(newest.error());
    for (const auto& one : *newest) {
      if (description_in(one.record, one.data).member.removed)
        continue;
      const auto since = let_in_at(store, one);
      if (!since)
        return since;
      if (*since && !(*since < through))
        return sequence_number{};
    }
    return through;
  });
}

std::string image_of(const member_description& what) {
  nlohmann::json image{{"name", what.member.name},
                       {"removed", what.member.removed}};
  if (!what.certificate.empty())
    image["certificate"] = what.certificate;
  if (!what.addresses.empty())
    image["addresses"] = what.addresses;
  return image.dump();
}

} // namespace lockstep

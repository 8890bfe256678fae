#include "actors/listener.hpp"
#include "actors/logging.hpp"
#include "actors/tcp_network.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>

// Whom a device lets in, what it knows of them, and whom it keeps out.
namespace lockstep {

namespace {

/// What is new comes first; where a device was is kept behind it, as far as
/// there is room.
std::vector<std::string> latest_first(std::vector<std::string> said,
                                      const std::vector<std::string>& before) {
  std::vector<std::string> all = std::move(said);
  for (const auto& one : before)
    if (std::find(all.begin(), all.end(), one) == all.end())
      all.push_back(one);
  return all;
}

/// What the log says may be older than what the device itself said last.
std::vector<std::string> known_places(const std::vector<std::string>& logged,
                                      const std::vector<std::string>& before) {
  const bool is_known
    = std::all_of(logged.begin(), logged.end(), [&](const std::string& one) {
        return std::find(before.begin(), before.end(), one) != before.end();
      });
  return is_known ? before : latest_first(logged, before);
}

} // namespace

bool tcp_network_state::is_trusted(device_id device) const {
  return setup_->trusted.find(device) != nullptr;
}

bool tcp_network_state::was_removed(device_id device) const {
  return std::any_of(removed_.begin(), removed_.end(), [&](const auto& one) {
    return one.second.contains(device);
  });
}

bool tcp_network_state::was_removed_from(library_id library) const {
  const auto gone = removed_.find(library);
  if (gone != removed_.end() && gone->second.contains(setup_->identity.id))
    return true;
  const auto members = members_.find(library);
  if (members == members_.end())
    return false;
  // One that was away may not know that this device was let in again.
  return std::ranges::any_of(members->second,
                             [this](device_id one) {
                               const auto said = refusals_.find(one);
                               return said != refusals_.end()
                                      && said->second.removed;
                             })
         && std::ranges::none_of(members->second, [this](device_id one) {
              return sessions_.contains(one);
            });
}

refusal_list tcp_network_state::refusals() const {
  refusal_list all;
  for (const auto& [device, said] : refusals_)
    all.list.push_back({device, said.reason, said.removed});
  return all;
}

bool tcp_network_state::is_member_elsewhere(device_id device,
                                            library_id but) const {
  for (const auto& [library, members] : members_)
    if (library != but && members.contains(device))
      return true;
  return false;
}

void tcp_network_state::introduce(const introduce_members& what) {
  auto& here = members_[what.library];
  auto& gone = removed_[what.library];
  here.clear();
  gone.clear();
  for (const auto& one : what.members)
    (one.member.removed ? gone : here).insert(one.member.device);
  for (const auto& one : what.members)
    if (one.member.device != setup_->identity.id)
      meet(what.library, one);
}

void tcp_network_state::meet(library_id library,
                             const member_description& what) {
  const auto& device = what.member.device;
  if (what.member.removed && !is_member_elsewhere(device, library)) {
    if (auto forgotten = setup_->trusted.remove(device); !forgotten)
      logger().error("device {} stays trusted: {}", to_string(device),
                     forgotten.error().message);
    sightings_.forget(device);
    end_session(device);
  }
  if (what.member.removed || what.certificate.empty())
    return;
  trusted_device known{device, what.member.name, what.certificate,
                       what.addresses};
  if (const auto* before = setup_->trusted.find(device); before != nullptr)
    known.addresses = known_places(what.addresses, before->addresses);
  if (auto put = setup_->trusted.put(std::move(known)); !put)
    logger().warn("device {} is not trusted: {}", to_string(device),
                  put.error().message);
  else
    dial_soon(device, true);
}

void tcp_network_state::learn_place(device_id device,
                                    const std::vector<std::string>& said) {
  const auto* before = setup_->trusted.find(device);
  if (before == nullptr || said.empty())
    return;
  auto known = *before;
  known.addresses = latest_first(said, before->addresses);
  if (auto put = setup_->trusted.put(std::move(known)); !put)
    logger().warn("the place of device {} is not kept: {}", to_string(device),
                  put.error().message);
}

void tcp_network_state::broken(const link_broken& what) {
  if (const auto* by = find(what.connection))
    offend(*by, what.why);
  else if (!what.dialled && listener_)
    caf::anon_send(listener_, stranger_broke{what.address, what.why});
}

void tcp_network_state::offend(const link& by, const failure& why) {
  // Without TLS it is not known who answered where this device dialled.
  if (is_trusted(by.device))
    offend(by.device, why);
  else if (!by.outgoing && listener_)
    caf::anon_send(listener_, stranger_broke{by.address, why});
}

void tcp_network_state::offend(device_id by, const failure& why) {
  const auto wait = offenders_.note(to_string(by), self_->clock().now());
  logger().warn("{}: device {} broke the protocol and is kept out for {} s: {}",
                to_string(setup_->identity.id), to_string(by),
                std::chrono::duration_cast<std::chrono::seconds>(wait).count(),
                why.message);
}

duration tcp_network_state::kept_out(device_id device) const {
  const auto now = self_->clock().now();
  const auto until = offenders_.kept_out(to_string(device), now);
  return until ? *until - now : duration::zero();
}

link_greeting tcp_network_state::session_greeting() const {
  link_greeting greeting;
  greeting.device_name = setup_->identity.name;
  greeting.addresses = own_places();
  return greeting;
}

} // namespace lockstep

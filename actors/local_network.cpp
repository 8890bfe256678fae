#include "actors/local_network.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <iterator>

namespace lockstep {

local_network_state::local_network_state(pointer owner) : self_(owner) {
}

void local_network_state::attach(const attach_gateway& what) {
  detach(what.device);
  gateways_[what.device] = what.gateway.address();
  self_->monitor(what.gateway);
  refresh_links();
}

void local_network_state::detach(device_id device) {
  gateways_.erase(device);
  refresh_links();
}

void local_network_state::lost(const caf::actor_addr& gateway) {
  // Another may speak for the device by now.
  std::erase_if(gateways_,
                [&](const auto& known) { return known.second == gateway; });
  refresh_links();
}

void local_network_state::carry(const carry_frames& what) {
  const auto session = session_between(what.from, what.to);
  if (session == 0 || unheard_.contains({what.from, what.to})
      || happens(faults_.drop_per_mille))
    return;
  const auto copies = happens(faults_.duplicate_per_mille) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    const arriving_frames arriving{what, session};
    if (const auto delay = next_delay({what.from, what.to});
        delay > duration::zero())
      self_->delayed_send(self_, delay, arriving);
    else
      arrive(arriving);
  }
}

void local_network_state::arrive(const arriving_frames& what) {
  const auto& [from, to, frames] = what.what;
  if (session_between(from, to) == what.session)
    tell(to, received_frames{from, frames});
}

void local_network_state::allow(const set_online& what) {
  if (what.online)
    offline_.erase(what.device);
  else
    offline_.insert(what.device);
  refresh_links();
}

void local_network_state::allow(const set_link& what) {
  if (what.up)
    cut_.erase(pair_of(what.a, what.b));
  else
    cut_.insert(pair_of(what.a, what.b));
  refresh_links();
}

void local_network_state::allow(const set_heard& what) {
  if (what.heard)
    unheard_.erase({what.from, what.to});
  else
    unheard_.insert({what.from, what.to});
}

void local_network_state::slow_down(const set_slow& what) {
  if (what.delay > duration::zero())
    slow_[{what.from, what.to}] = what.delay;
  else
    slow_.erase({what.from, what.to});
}

void local_network_state::degrade(const set_faults& what) {
  faults_ = what;
  random_.seed(what.seed);
}

void local_network_state::refresh_links() {
  const auto wanted = [this](const pair& link) {
    return gateways_.contains(link.first) && gateways_.contains(link.second)
           && !offline_.contains(link.first) && !offline_.contains(link.second)
           && !cut_.contains(link);
  };
  for (auto link = links_.begin(); link != links_.end();) {
    const auto [a, b] = link->first;
    if (wanted(link->first)) {
      ++link;
      continue;
    }
    link = links_.erase(link);
    tell(a, link_down{b});
    tell(b, link_down{a});
  }
  for (auto first = gateways_.begin(); first != gateways_.end(); ++first)
    for (auto second = std::next(first); second != gateways_.end(); ++second) {
      const pair link{first->first, second->first};
      if (links_.contains(link) || !wanted(link))
        continue;
      links_[link] = ++last_session_;
      tell(link.first, link_up{link.second});
      tell(link.second, link_up{link.first});
    }
}

local_network_state::pair local_network_state::pair_of(device_id a,
                                                       device_id b) {
  return std::minmax(a, b);
}

std::uint64_t local_network_state::session_between(device_id a,
                                                   device_id b) const {
  const auto link = links_.find(pair_of(a, b));
  return link == links_.end() ? 0 : link->second;
}

bool local_network_state::happens(std::uint32_t per_mille) {
  return per_mille > 0 && random_() % 1000 < per_mille;
}

duration local_network_state::next_delay(const pair& way) {
  auto delay = faults_.delay_least;
  if (const auto slow = slow_.find(way); slow != slow_.end())
    delay += slow->second;
  const auto spread = faults_.delay_most - faults_.delay_least;
  if (spread <= duration::zero())
    return delay;
  const auto steps = static_cast<std::uint64_t>(spread.count()) + 1;
  return delay + duration{static_cast<duration::rep>(random_() % steps)};
}

template <class Message>
void local_network_state::tell(device_id device, const Message& what) {
  const auto known = gateways_.find(device);
  if (known == gateways_.end())
    return;
  if (auto gateway = caf::actor_cast<link_listener>(known->second))
    self_->send(gateway, what);
}

local_network_actor::behavior_type
local_network(local_network_actor::stateful_pointer<local_network_state> self) {
  self->set_down_handler(
    [self](caf::down_msg& down) { self->state.lost(down.source); });
  return {
    [self](const attach_gateway& what) { self->state.attach(what); },
    [self](const detach_gateway& what) { self->state.detach(what.device); },
    [self](const carry_frames& what) { self->state.carry(what); },
    // The gateway hears nothing of the device before a new link comes up, and
    // there is nothing here to save by taking this one down.
    [](const drop_link&) {},
    // Devices of one process need no addresses.
    [](const introduce_members&) {},
    [self](const arriving_frames& what) { self->state.arrive(what); },
    [self](const set_online& what) { self->state.allow(what); },
    [self](const set_link& what) { self->state.allow(what); },
    [self](const set_heard& what) { self->state.allow(what); },
    [self](const set_slow& what) { self->state.slow_down(what); },
    [self](const set_faults& what) { self->state.degrade(what); },
  };
}

} // namespace lockstep

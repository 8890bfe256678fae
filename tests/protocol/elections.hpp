#pragma once

#include "protocol/election.hpp"

#include <optional>
#include <string>
#include <vector>

/// What tests of elections begin with: three devices, and what one of them
/// said.
namespace lockstep::elections {

using namespace std::chrono_literals;

inline device_id device(std::uint8_t number) {
  device_id result;
  result.bytes[15] = number;
  return result;
}

inline const auto a = device(1);
inline const auto b = device(2);
inline const auto c = device(3);
inline const time_point t0{24h};

inline ballot under(std::uint64_t term, device_id leader) {
  return {term_number{term}, leader};
}

inline log_position at(ballot last, std::uint64_t sequence) {
  return {last, sequence_number{sequence}};
}

inline std::vector<member> members(std::initializer_list<device_id> devices) {
  std::vector<member> result;
  for (auto each : devices)
    result.push_back({each, "device", false});
  return result;
}

/// Device b in a library of a, b and c that follows a, unless told otherwise.
inline election_setup follower_of_a() {
  election_setup result;
  result.self = b;
  result.recovered = {under(1, a), {}, a, {}};
  result.lease_until = t0;
  result.members = members({a, b, c});
  result.head = at(under(1, a), 10);
  result.seed = 7;
  return result;
}

/// The same device with a priority below zero.
inline election_setup never_leading(consistency mode = consistency::available) {
  auto setup = follower_of_a();
  setup.settings.priority = -1;
  setup.settings.consistency = mode;
  return setup;
}

inline election_setup leader_b(time_point lease_until = t0 + 90s) {
  auto result = follower_of_a();
  result.recovered = {under(2, b), under(2, b), b, {}};
  result.lease_until = lease_until;
  return result;
}

template <class T> std::vector<T> all(const election_effects& effects) {
  std::vector<T> result;
  for (const auto& each : effects)
    if (const auto* hit = std::get_if<T>(&each))
      result.push_back(*hit);
  return result;
}

/// What was said to `to`, if it was a `T`; the last one.
template <class T>
std::optional<T> said(const election_effects& effects, device_id to) {
  std::optional<T> result;
  for (const auto& each : all<send_to_peer>(effects))
    if (each.to == to)
      if (const auto* hit = std::get_if<T>(&each.message))
        result = *hit;
  return result;
}

inline std::optional<errc> answered(const election_effects& effects,
                                    election_request request) {
  for (const auto& each : all<answer_request>(effects))
    if (each.request == request)
      return each.outcome;
  return std::nullopt;
}

/// The place of the first effect of type `T`.
template <class T> std::size_t place(const election_effects& effects) {
  for (std::size_t i = 0; i < effects.size(); ++i)
    if (std::holds_alternative<T>(effects[i]))
      return i;
  return effects.size();
}

inline claim claim_of(device_id from, std::uint64_t term, log_position head,
                      std::int32_t priority = 0) {
  return {under(term, from), head, priority, false};
}

/// Lets the leader's time run out.
inline election_effects expire(election& machine) {
  return machine.on_tick(*machine.deadline());
}

/// A machine after its start, with these devices connected.
inline election started(const election_setup& setup,
                        std::initializer_list<device_id> connected) {
  election result{setup};
  result.start(t0);
  for (auto each : connected)
    result.peer_up(each, t0);
  return result;
}

inline const auto same = at(under(1, a), 10);
inline const auto shorter = at(under(1, a), 9);
inline const auto longer = at(under(1, a), 11);

} // namespace lockstep::elections

#include "transport/codec.hpp"

#include "transport/wire_fields.hpp"
#include "wire.pb.h"

#include <string>
#include <utility>

namespace lockstep {

namespace {

// Writing: one overload for every alternative of peer_message.

void write(const heartbeat& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_heartbeat();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.head, to.mutable_head());
  to.set_stable(from.stable.value);
  to.set_held(from.held.value);
  to.set_vacuum_through(from.vacuum.through.value);
  to.set_forget_through(from.vacuum.forget_through.value);
}

void write(const heartbeat_ack& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_heartbeat_ack();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.head, to.mutable_head());
}

void write(const claim& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_claim();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.head, to.mutable_head());
  to.set_priority(from.priority);
  to.set_handed_over(from.handed_over);
  to.set_is_of_older_copy(from.is_of_older_copy);
}

void write(const vote& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_vote();
  to_wire(from.ballot, to.mutable_ballot());
  to.set_granted(from.granted);
  to.set_reason(static_cast<wire::Refusal>(from.reason));
  to_wire(from.known, to.mutable_known());
}

void write(const hand_over& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_hand_over();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.head, to.mutable_head());
}

void write(const new_entries& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_new_entries();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.head, to.mutable_head());
  to_wire(from.follows, to.mutable_follows());
  to.set_stable(from.stable.value);
  to.set_held(from.held.value);
  to.set_vacuum_through(from.vacuum.through.value);
  to.set_forget_through(from.vacuum.forget_through.value);
  for (const auto& one : from.inline_entries)
    to_wire(one, to.add_inline_entries());
}

void write(const fetch_entries& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_fetch_entries();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.since, to.mutable_since());
  to.set_limit(from.limit);
  to.set_wants_accepted(from.wants_accepted);
}

void write(const entries& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_entries();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.since, to.mutable_since());
  for (const auto& one : from.list)
    to_wire(one, to.add_list());
  to_wire(from.head, to.mutable_head());
  for (const auto& one : from.accepted)
    to_wire(one, to.add_accepted());
  to.set_forgotten_through(from.forgotten.through.value);
  to.set_forgotten_digest(from.forgotten.digest);
}

void write(const sync_required& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_sync_required();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.since, to.mutable_since());
  to_wire(from.try_at, to.mutable_try_at());
  to.set_vacuumed_through(from.vacuumed_through.value);
}

void write(const acknowledge& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_acknowledge();
  to_wire(from.ballot, to.mutable_ballot());
  to_wire(from.through, to.mutable_through());
}

void write(const propose& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_propose();
  to_wire(from.ballot, to.mutable_ballot());
  for (const auto& one : from.operations)
    to_wire(one, to.add_operations());
  to.set_follows(from.follows.value);
  for (const auto& one : from.tables)
    to.add_tables(one);
}

void write(const proposal_ack& from, wire::Envelope& envelope) {
  auto& to = *envelope.mutable_proposal_ack();
  to_wire(from.ballot, to.mutable_ballot());
  to.set_through(from.through.value);
  to.set_refused(from.refused);
  to.set_restart(from.restart);
}

// `hello` and `welcome` have the same content.
template <class Greeting, class Wire>
void write_greeting(const Greeting& from, Wire& to) {
  to.set_protocol_version(from.protocol_version);
  to.set_device_name(from.device_name);
  to_wire(from.ballot, to.mutable_ballot());
  to.set_leader(to_wire(from.leader));
  to_wire(from.head, to.mutable_head());
}

void write(const hello& from, wire::Envelope& envelope) {
  write_greeting(from, *envelope.mutable_hello());
}

void write(const welcome& from, wire::Envelope& envelope) {
  write_greeting(from, *envelope.mutable_welcome());
}

void write(const not_member&, wire::Envelope& envelope) {
  envelope.mutable_not_member();
}

// Reading: moves text out of the wire message.

heartbeat read(wire::Heartbeat& from, wire_reader& reader) {
  heartbeat to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.head(), to.head);
  to.stable = sequence_number{from.stable()};
  to.held = sequence_number{from.held()};
  to.vacuum = {sequence_number{from.vacuum_through()},
               sequence_number{from.forget_through()}};
  return to;
}

heartbeat_ack read(wire::HeartbeatAck& from, wire_reader& reader) {
  heartbeat_ack to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.head(), to.head);
  return to;
}

claim read(wire::Claim& from, wire_reader& reader) {
  claim to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.head(), to.head);
  to.priority = from.priority();
  to.handed_over = from.handed_over();
  to.is_of_older_copy = from.is_of_older_copy();
  return to;
}

vote read(wire::Vote& from, wire_reader& reader) {
  vote to;
  reader.read(from.ballot(), to.ballot);
  to.granted = from.granted();
  reader.read(from.reason(), to.reason, refusal::none, refusal::older_copy);
  reader.read(from.known(), to.known);
  return to;
}

hand_over read(wire::HandOver& from, wire_reader& reader) {
  hand_over to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.head(), to.head);
  return to;
}

new_entries read(wire::NewEntries& from, wire_reader& reader) {
  new_entries to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.head(), to.head);
  reader.read(from.follows(), to.follows);
  to.stable = sequence_number{from.stable()};
  to.held = sequence_number{from.held()};
  to.vacuum = {sequence_number{from.vacuum_through()},
               sequence_number{from.forget_through()}};
  for (auto& one : *from.mutable_inline_entries())
    reader.read(one, to.inline_entries.emplace_back());
  return to;
}

fetch_entries read(wire::FetchEntries& from, wire_reader& reader) {
  fetch_entries to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.since(), to.since);
  to.limit = from.limit();
  to.wants_accepted = from.wants_accepted();
  return to;
}

entries read(wire::Entries& from, wire_reader& reader) {
  entries to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.since(), to.since);
  for (auto& one : *from.mutable_list())
    reader.read(one, to.list.emplace_back());
  reader.read(from.head(), to.head);
  for (const auto& one : from.accepted())
    reader.read(one, to.accepted.emplace_back());
  to.forgotten
    = {sequence_number{from.forgotten_through()}, from.forgotten_digest()};
  return to;
}

sync_required read(wire::SyncRequired& from, wire_reader& reader) {
  sync_required to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.since(), to.since);
  reader.read(from.try_at(), to.try_at);
  to.vacuumed_through = sequence_number{from.vacuumed_through()};
  return to;
}

acknowledge read(wire::Acknowledge& from, wire_reader& reader) {
  acknowledge to;
  reader.read(from.ballot(), to.ballot);
  reader.read(from.through(), to.through);
  return to;
}

propose read(wire::Propose& from, wire_reader& reader) {
  propose to;
  reader.read(from.ballot(), to.ballot);
  for (auto& one : *from.mutable_operations())
    reader.read(one, to.operations.emplace_back());
  to.follows = device_sequence_number{from.follows()};
  for (auto& one : *from.mutable_tables())
    to.tables.push_back(std::move(one));
  return to;
}

proposal_ack read(wire::ProposalAck& from, wire_reader& reader) {
  proposal_ack to;
  reader.read(from.ballot(), to.ballot);
  to.through = device_sequence_number{from.through()};
  to.refused = from.refused();
  to.restart = from.restart();
  return to;
}

template <class Greeting, class Wire>
Greeting read_greeting(Wire& from, wire_reader& reader) {
  Greeting to;
  to.protocol_version = from.protocol_version();
  to.device_name = std::move(*from.mutable_device_name());
  reader.read(from.ballot(), to.ballot);
  reader.read(from.leader(), to.leader);
  reader.read(from.head(), to.head);
  return to;
}

peer_message read_message(wire::Envelope& from, wire_reader& reader) {
  using kind = wire::Envelope;
  switch (from.message_case()) {
    case kind::kHeartbeat:
      return read(*from.mutable_heartbeat(), reader);
    case kind::kHeartbeatAck:
      return read(*from.mutable_heartbeat_ack(), reader);
    case kind::kClaim:
      return read(*from.mutable_claim(), reader);
    case kind::kVote:
      return read(*from.mutable_vote(), reader);
    case kind::kHandOver:
      return read(*from.mutable_hand_over(), reader);
    case kind::kNewEntries:
      return read(*from.mutable_new_entries(), reader);
    case kind::kFetchEntries:
      return read(*from.mutable_fetch_entries(), reader);
    case kind::kEntries:
      return read(*from.mutable_entries(), reader);
    case kind::kSyncRequired:
      return read(*from.mutable_sync_required(), reader);
    case kind::kAcknowledge:
      return read(*from.mutable_acknowledge(), reader);
    case kind::kPropose:
      return read(*from.mutable_propose(), reader);
    case kind::kProposalAck:
      return read(*from.mutable_proposal_ack(), reader);
    case kind::kHello:
      return read_greeting<hello>(*from.mutable_hello(), reader);
    case kind::kWelcome:
      return read_greeting<welcome>(*from.mutable_welcome(), reader);
    case kind::kNotMember:
      return not_member{};
    case kind::MESSAGE_NOT_SET:
      break;
  }
  reader.complain("An envelope has no message, or one of an unknown kind.");
  return heartbeat{};
}

} // namespace

expected<bytes> encode(const envelope& what) {
  wire::Envelope to;
  to.set_library(to_wire(what.library));
  to.set_unix_ms(what.unix_ms);
  std::visit([&to](const auto& message) { write(message, to); }, what.message);
  const auto size = to.ByteSizeLong();
  if (size > frame_limits{}.message)
    return fail(errc::too_large, "A message of " + std::to_string(size)
                                   + " bytes is larger than the "
                                   + std::to_string(frame_limits{}.message)
                                   + " that may be sent.");
  bytes encoded(size);
  to.SerializeWithCachedSizesToArray(encoded.data());
  return encoded;
}

expected<envelope> decode(std::span<const std::uint8_t> encoded) {
  wire::Envelope from;
  // The cast is safe: what is longer than the limit is refused before it.
  if (encoded.size() > frame_limits{}.message
      || !from.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())))
    return fail(errc::protocol_violation, "The bytes are no envelope.");
  wire_reader reader;
  envelope to;
  reader.read(from.library(), to.library);
  to.unix_ms = from.unix_ms();
  to.message = read_message(from, reader);
  if (!reader.problem().empty())
    return fail(errc::protocol_violation, std::string{reader.problem()});
  return to;
}

} // namespace lockstep

#include "transport/link_codec.hpp"

#include "transport/wire_fields.hpp"
#include "wire.pb.h"

#include <algorithm>
#include <limits>

namespace lockstep {

namespace {

constexpr int addresses_limit = 64;

std::string to_wire(const digest_bytes& from) {
  return {from.begin(), from.end()};
}

template <class Wire>
void write_addresses(const std::vector<std::string>& from, Wire& to) {
  for (const auto& one : from)
    to.add_addresses(one);
}

void write(const link_greeting& from, wire::Link& link) {
  auto& to = *link.mutable_greeting();
  to.set_version(from.version);
  to.set_oldest_version(from.oldest_version);
  to.set_purpose(static_cast<wire::LinkPurpose>(from.purpose));
  to.set_device_name(from.device_name);
  write_addresses(from.addresses, to);
}

void write(const link_refused& from, wire::Link& link) {
  auto& to = *link.mutable_refused();
  to.set_reason(from.reason);
  to.set_removed(from.removed);
}

void write(const join_request& from, wire::Link& link) {
  auto& to = *link.mutable_join_request();
  to.set_library(lockstep::to_wire(from.library));
  to.set_proof(to_wire(from.proof));
  to.set_device_name(from.device_name);
  write_addresses(from.addresses, to);
}

void write(const join_accepted& from, wire::Link& link) {
  auto& to = *link.mutable_join_accepted();
  to.set_proof(to_wire(from.proof));
  to.set_library_name(from.library_name);
  to.set_created_by(lockstep::to_wire(from.created_by));
  to.set_device_name(from.device_name);
  write_addresses(from.addresses, to);
}

void read_proof(const std::string& from, digest_bytes& to,
                wire_reader& reader) {
  if (from.size() == to.size())
    std::copy(from.begin(), from.end(), to.begin());
  else
    reader.complain("A proof is not 32 bytes long.");
}

template <class Wire>
void read_addresses(const Wire& from, std::vector<std::string>& to,
                    wire_reader& reader) {
  if (from.addresses_size() > addresses_limit)
    reader.complain("A device has too many addresses.");
  else
    to.assign(from.addresses().begin(), from.addresses().end());
}

link_message read(const wire::LinkGreeting& from, wire_reader& reader) {
  link_greeting to;
  to.version = from.version();
  to.oldest_version = from.oldest_version();
  to.device_name = from.device_name();
  reader.read(from.purpose(), to.purpose, link_purpose::session,
              link_purpose::pairing);
  read_addresses(from, to.addresses, reader);
  return to;
}

link_message read(const wire::JoinRequest& from, wire_reader& reader) {
  join_request to;
  reader.read(from.library(), to.library);
  read_proof(from.proof(), to.proof, reader);
  to.device_name = from.device_name();
  read_addresses(from, to.addresses, reader);
  return to;
}

link_message read(const wire::JoinAccepted& from, wire_reader& reader) {
  join_accepted to;
  read_proof(from.proof(), to.proof, reader);
  to.library_name = from.library_name();
  reader.read(from.created_by(), to.created_by);
  to.device_name = from.device_name();
  read_addresses(from, to.addresses, reader);
  return to;
}

link_message read(const wire::Link& from, wire_reader& reader) {
  using kind = wire::Link::MessageCase;
  switch (from.message_case()) {
    case kind::kGreeting:
      return read(from.greeting(), reader);
    case kind::kRefused:
      return link_refused{from.refused().reason(), from.refused().removed()};
    case kind::kJoinRequest:
      return read(from.join_request(), reader);
    case kind::kJoinAccepted:
      return read(from.join_accepted(), reader);
    case kind::MESSAGE_NOT_SET:
      break;
  }
  reader.complain("A connection begins with a message of an unknown kind.");
  return link_refused{};
}

} // namespace

bytes encode(const link_message& what) {
  wire::Link to;
  std::visit([&to](const auto& message) { write(message, to); }, what);
  bytes encoded(to.ByteSizeLong());
  to.SerializeWithCachedSizesToArray(encoded.data());
  return encoded;
}

expected<link_message> decode_link(std::span<const std::uint8_t> encoded) {
  wire::Link from;
  if (encoded.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())
      || !from.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())))
    return fail(errc::protocol_violation,
                "A connection begins with bytes that are no message.");
  wire_reader reader;
  auto message = read(from, reader);
  if (!reader.problem().empty())
    return fail(errc::protocol_violation, std::string{reader.problem()});
  return message;
}

} // namespace lockstep

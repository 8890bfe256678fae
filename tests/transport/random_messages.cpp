#include "tests/transport/random_messages.hpp"

namespace lockstep {

std::uint64_t random_messages::number() {
  // Small, large and the extremes are all worth trying.
  switch (below(4)) {
    case 0:
      return 0;
    case 1:
      return below(1000);
    case 2:
      return ~std::uint64_t{0};
    default:
      return random_();
  }
}

std::string random_messages::text(std::size_t longest) {
  std::string made(below(longest + 1), '\0');
  for (auto& letter : made)
    letter = static_cast<char>(below(256));
  return made;
}

template <class Id> Id random_messages::id() {
  Id made;
  if (coin())
    for (auto& byte : made.bytes)
      byte = static_cast<std::uint8_t>(below(256));
  return made;
}

entry random_messages::entry() {
  lockstep::entry made;
  made.sequence = count<sequence_number>();
  made.ballot = ballot();
  made.device = id<device_id>();
  made.device_sequence = count<device_sequence_number>();
  made.timestamp = timestamp{number()};
  made.model = text(30);
  made.record = id<record_id>();
  made.change = change();
  made.version = count<version_number>();
  made.previous = count<sequence_number>();
  made.transaction_end = count<sequence_number>();
  made.chain = number();
  made.data = text(300);
  return made;
}

std::vector<entry> random_messages::entries_list() {
  std::vector<lockstep::entry> made(below(4));
  for (auto& one : made)
    one = entry();
  return made;
}

std::vector<accepted_range> random_messages::ranges() {
  std::vector<accepted_range> made(below(4));
  for (auto& one : made)
    one = {id<device_id>(), count<device_sequence_number>(),
           count<device_sequence_number>()};
  return made;
}

lockstep::vacuum_bounds random_messages::bounds() {
  return {count<sequence_number>(), count<sequence_number>()};
}

operation random_messages::operation() {
  lockstep::operation made;
  made.device = id<device_id>();
  made.device_sequence = count<device_sequence_number>();
  made.timestamp = timestamp{number()};
  made.model = text(30);
  made.record = id<record_id>();
  made.change = change();
  made.base_version = count<version_number>();
  made.base_operation = count<device_sequence_number>();
  for (auto columns = below(4); columns > 0; --columns)
    made.changed.push_back(text(20));
  made.transaction_end = count<device_sequence_number>();
  made.data = text(300);
  return made;
}

peer_message random_messages::message(std::size_t kind) {
  switch (kind) {
    case 0:
      return heartbeat{ballot(), position(), count<sequence_number>(),
                       count<sequence_number>(), bounds()};
    case 1:
      return heartbeat_ack{ballot(), position()};
    case 2:
      return claim{ballot(), position(), static_cast<std::int32_t>(number()),
                   coin(), coin()};
    case 3:
      return vote{ballot(), coin(), static_cast<refusal>(below(6)), ballot()};
    case 4:
      return hand_over{ballot(), position()};
    case 5:
      return new_entries{ballot(),       position(),
                         position(),     count<sequence_number>(),
                         entries_list(), count<sequence_number>(),
                         bounds()};
    case 6:
      return fetch_entries{ballot(), position(),
                           static_cast<std::uint32_t>(number()), coin()};
    case 7:
      return entries{ballot(),       position(),
                     entries_list(), position(),
                     ranges(),       {count<sequence_number>(), number()}};
    case 8:
      return sync_required{ballot(), position(), position(),
                           count<sequence_number>()};
    case 9:
      return acknowledge{ballot(), position()};
    case 10: {
      propose made{ballot(), {}, count<device_sequence_number>()};
      for (auto operations = below(4); operations > 0; --operations)
        made.operations.push_back(operation());
      for (auto tables = below(3); tables > 0; --tables)
        made.tables.push_back(text(20));
      return made;
    }
    case 11:
      return proposal_ack{ballot(), count<device_sequence_number>(), coin(),
                          coin()};
    case 12:
      return hello{static_cast<std::uint32_t>(number()), text(20), ballot(),
                   id<device_id>(), position()};
    case 13:
      return welcome{static_cast<std::uint32_t>(number()), text(20), ballot(),
                     id<device_id>(), position()};
    default:
      return not_member{};
  }
}

envelope random_messages::make(std::size_t kind) {
  return {id<library_id>(), message(kind), number()};
}

} // namespace lockstep

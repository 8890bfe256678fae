#include "transport/wire_fields.hpp"

#include "wire.pb.h"

#include <utility>

namespace lockstep {

void to_wire(const ballot& from, wire::Ballot* to) {
  to->set_term(from.term.value);
  to->set_device(to_wire(from.device));
}

void to_wire(const log_position& from, wire::LogPosition* to) {
  to_wire(from.ballot, to->mutable_ballot());
  to->set_sequence(from.sequence.value);
}

void to_wire(const operation& from, wire::Operation* to) {
  to->set_device(to_wire(from.device));
  to->set_device_sequence(from.device_sequence.value);
  to->set_timestamp(from.timestamp.packed);
  to->set_model(from.model);
  to->set_record(to_wire(from.record));
  to->set_change(static_cast<wire::ChangeType>(from.change));
  to->set_base_version(from.base_version.value);
  to->set_base_operation(from.base_operation.value);
  for (const auto& column : from.changed)
    to->add_changed(column);
  to->set_transaction_end(from.transaction_end.value);
  to->set_data(from.data);
}

void to_wire(const entry& from, wire::Entry* to) {
  to->set_sequence(from.sequence.value);
  to_wire(from.ballot, to->mutable_ballot());
  to->set_device(to_wire(from.device));
  to->set_device_sequence(from.device_sequence.value);
  to->set_timestamp(from.timestamp.packed);
  to->set_model(from.model);
  to->set_record(to_wire(from.record));
  to->set_change(static_cast<wire::ChangeType>(from.change));
  to->set_version(from.version.value);
  to->set_previous(from.previous.value);
  to->set_transaction_end(from.transaction_end.value);
  to->set_chain(from.chain);
  to->set_data(from.data);
}

void to_wire(const accepted_range& from, wire::AcceptedRange* to) {
  to->set_device(to_wire(from.device));
  to->set_first(from.first.value);
  to->set_last(from.last.value);
}

void wire_reader::read(const wire::Ballot& from, ballot& to) {
  to.term = term_number{from.term()};
  read(from.device(), to.device);
}

void wire_reader::read(const wire::LogPosition& from, log_position& to) {
  read(from.ballot(), to.ballot);
  to.sequence = sequence_number{from.sequence()};
}

void wire_reader::read(wire::Operation& from, operation& to) {
  read(from.device(), to.device);
  to.device_sequence = device_sequence_number{from.device_sequence()};
  to.timestamp = timestamp{from.timestamp()};
  to.model = std::move(*from.mutable_model());
  read(from.record(), to.record);
  read(from.change(), to.change, change_type::insert, change_type::bulk);
  to.base_version = version_number{from.base_version()};
  to.base_operation = device_sequence_number{from.base_operation()};
  for (auto& column : *from.mutable_changed())
    to.changed.push_back(std::move(column));
  to.transaction_end = device_sequence_number{from.transaction_end()};
  to.data = std::move(*from.mutable_data());
}

void wire_reader::read(wire::Entry& from, entry& to) {
  to.sequence = sequence_number{from.sequence()};
  read(from.ballot(), to.ballot);
  read(from.device(), to.device);
  to.device_sequence = device_sequence_number{from.device_sequence()};
  to.timestamp = timestamp{from.timestamp()};
  to.model = std::move(*from.mutable_model());
  read(from.record(), to.record);
  read(from.change(), to.change, change_type::insert, change_type::bulk);
  to.version = version_number{from.version()};
  to.previous = sequence_number{from.previous()};
  to.transaction_end = sequence_number{from.transaction_end()};
  to.chain = from.chain();
  to.data = std::move(*from.mutable_data());
}

void wire_reader::read(const wire::AcceptedRange& from, accepted_range& to) {
  read(from.device(), to.device);
  to.first = device_sequence_number{from.first()};
  to.last = device_sequence_number{from.last()};
}

} // namespace lockstep

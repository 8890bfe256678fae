#pragma once

#include "messages/operation.hpp"
#include "messages/peer_messages.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep::wire {
class AcceptedRange;
class Ballot;
class Entry;
class LogPosition;
class Operation;
} // namespace lockstep::wire

/// The parts that several messages of transport/wire.proto share. For the codec
/// only.
namespace lockstep {

template <class Tag> std::string to_wire(const uuid_of<Tag>& id) {
  return {id.bytes.begin(), id.bytes.end()};
}

void to_wire(const ballot& from, wire::Ballot* to);
void to_wire(const log_position& from, wire::LogPosition* to);
void to_wire(const operation& from, wire::Operation* to);
void to_wire(const entry& from, wire::Entry* to);
void to_wire(const accepted_range& from, wire::AcceptedRange* to);

/// Reads fields and remembers the first one that cannot be; what it returned
/// counts only while `problem` is empty.
class wire_reader {
public:
  /// What is wrong, as a sentence; empty while nothing is.
  [[nodiscard]] std::string_view problem() const {
    return problem_;
  }

  template <class Id> void read(const std::string& from, Id& to) {
    if (from.size() == to.bytes.size())
      std::copy(from.begin(), from.end(), to.bytes.begin());
    else
      complain("An id is not 16 bytes long.");
  }
  void read(const wire::Ballot& from, ballot& to);
  void read(const wire::LogPosition& from, log_position& to);
  /// Moves text out of `from`.
  void read(wire::Operation& from, operation& to);
  /// Moves text out of `from`.
  void read(wire::Entry& from, entry& to);
  void read(const wire::AcceptedRange& from, accepted_range& to);
  /// An enumeration whose values go from `first` to `last` without gaps.
  template <class Enum> void read(int from, Enum& to, Enum first, Enum last) {
    if (from >= static_cast<int>(first) && from <= static_cast<int>(last))
      to = static_cast<Enum>(from);
    else
      complain("An enumeration has a value that does not exist.");
  }
  void complain(std::string_view sentence) {
    if (problem_.empty())
      problem_ = sentence;
  }

private:
  std::string_view problem_;
};

} // namespace lockstep

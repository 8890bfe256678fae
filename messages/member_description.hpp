#pragma once

#include "messages/library_requests.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// A member, and what the log says about reaching it.
struct member_description {
  lockstep::member member;
  /// What the device shows to others, as PEM; empty where the log does not say.
  std::string certificate;
  /// Where it listens, as HOST:PORT.
  std::vector<std::string> addresses;

  bool operator==(const member_description&) const = default;
};

struct read_member_descriptions {};

struct member_descriptions {
  std::vector<member_description> members;
};

/// Makes a device a member that others can reach, or says anew how.
struct describe_member {
  member_description what;
};

} // namespace lockstep

#pragma once

#include "transport/frames.hpp"

#include <map>
#include <string>

namespace lockstep {

/// What devices really send, of every kind, by DECODER/NAME: what the kept
/// corpus (tests/fuzz/corpus) begins with. The same at each call.
std::map<std::string, bytes> real_inputs();

} // namespace lockstep

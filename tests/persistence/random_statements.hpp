#pragma once

#include "tests/persistence/random_choice.hpp"
#include "tests/persistence/random_schema.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// What a program runs as one transaction, BEGIN and its end among it, or as
/// statements by themselves. Some of it fails; what it does follows from the
/// rows alone. `given_keys`: rows of tables whose next number depends on the
/// past are given one.
std::vector<std::string> random_script(const random_schema& schema,
                                       random_choice& choice, bool given_keys);

} // namespace lockstep

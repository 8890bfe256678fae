#pragma once

#include "messages/errors.hpp"

#include <filesystem>

namespace lockstep::cli {

/// A new folder in the temporary directory that is gone when the program has
/// ended, in whatever way; with `keep` it stays. The rest of the program runs
/// in a child process from here on, and this one waits for it, cleans up, and
/// ends as the child did. A signal that ends it gives 128 and its number as the
/// exit status, as in a shell. What the child process starts has to end with
/// it, and is waited for. Call it before other threads start. `io`.
expected<std::filesystem::path> enter_passing_folder(bool keep);

} // namespace lockstep::cli

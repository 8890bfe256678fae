#pragma once

#include "messages/conflict_policy.hpp"
#include "messages/merge_function.hpp"
#include "protocol/conflict.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lockstep {

/// What becomes of an operation.
struct resolution {
  /// Whose image, or a part of it, is lost and kept as a conflict.
  enum class loss : std::uint8_t { nothing, of_newest, of_operation };

  /// Whether the operation is the record's next entry.
  bool applies = true;
  loss lost = loss::nothing;
  /// Its image then, where that is not the operation's own.
  std::optional<std::string> merged;
};

/// Decided once, by the leader, at the moment of sequencing. Most operations
/// need neither the model's policy nor the images, which are asked for only
/// then. `host` is the host's function for the model, where there is one.
/// Throws nlohmann::json::exception for an operation whose image is not valid
/// JSON.
resolution resolve(const std::function<conflict_policy()>& policy,
                   const operation& what, const record_standing& record,
                   const std::function<concurrent_images()>& images,
                   const merge_function* host = nullptr);

} // namespace lockstep

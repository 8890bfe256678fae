#pragma once

#include "messages/merge_function.hpp"
#include "messages/syncable.hpp"

#include <functional>
#include <utility>

namespace lockstep {

/// How a host merges values of a type that two devices changed at once: `base`
/// is what the operation's writer saw, null for a new record and where it is
/// not known any more; `newest` is what the record is now. Nothing leaves it to
/// the last writer. See merge_function for what it may do.
template <syncable T>
using value_merge = std::function<std::optional<T>(
  const T* base, const T& newest, const T& operation)>;

/// For node_options::merges; the type's policy_for is `conflict_policy::host`.
/// Fields that the type does not have keep their newest values.
template <syncable T>
std::pair<std::string, merge_function> merge_with(value_merge<T> merge) {
  auto images
    = [merge = std::move(merge)](
        const concurrent_images& given) -> std::optional<std::string> {
    const auto newest = from_image<T>(given.newest);
    const auto operation = from_image<T>(given.operation);
    if (!newest || !operation)
      return std::nullopt;
    std::optional<T> base;
    if (given.base && *given.base != "{}")
      if (auto read = from_image<T>(*given.base))
        base = std::move(*read);
    const auto merged = merge(base ? &*base : nullptr, *newest, *operation);
    if (!merged)
      return std::nullopt;
    auto image = nlohmann::json::parse(given.newest);
    image.update(nlohmann::json::parse(to_image(*merged)));
    return image_text(image);
  };
  return {std::string{syncable_traits<T>::model}, std::move(images)};
}

} // namespace lockstep

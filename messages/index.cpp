#include "messages/index.hpp"

#include "messages/syncable.hpp"

#include <algorithm>
#include <exception>

namespace lockstep {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(bulk_operation, operation,
                                                location, path, count, hints)

std::string_view to_string(file_kind kind) {
  switch (kind) {
    case file_kind::file:
      return "file";
    case file_kind::directory:
      return "directory";
    case file_kind::other:
      return "other";
  }
  return "unknown";
}

std::string to_image(const bulk_operation& what) {
  auto kept = what;
  kept.operation.resize(std::min(kept.operation.size(), std::size_t{64}));
  kept.hints.clear();
  if (image_text(kept).size() > bulk_image_limit)
    kept.path.clear();
  auto image = image_text(kept);
  for (const auto& hint : what.hints) {
    if (kept.hints.size() == bulk_hint_limit)
      break;
    kept.hints.push_back(hint);
    auto longer = image_text(kept);
    if (longer.size() <= bulk_image_limit)
      image = std::move(longer);
    else
      kept.hints.pop_back();
  }
  return image;
}

expected<bulk_operation> bulk_operation_from_image(std::string_view text) {
  const nlohmann::json like = bulk_operation{};
  auto object = checked_image(bulk_model, text, like);
  if (!object)
    return tl::make_unexpected(object.error());
  try {
    return object->get<bulk_operation>();
  } catch (const std::exception& error) {
    return fail(errc::invalid_argument,
                "The data of a bulk operation cannot be read: "
                  + std::string{error.what()} + ".");
  }
}

} // namespace lockstep

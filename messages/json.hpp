#pragma once

#include "messages/ids.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

/// How ids are written in JSON: as text with dashes.
namespace lockstep {

template <class Tag>
void to_json(nlohmann::json& json, const uuid_of<Tag>& id) {
  json = to_string(id);
}

/// Throws std::invalid_argument for what is no UUID.
template <class Tag>
void from_json(const nlohmann::json& json, uuid_of<Tag>& id) {
  const auto text = json.is_string() ? json.get<std::string>() : json.dump();
  const auto parsed = parse_id<uuid_of<Tag>>(text);
  if (!parsed)
    throw std::invalid_argument{text + " is no UUID"};
  id = *parsed;
}

} // namespace lockstep

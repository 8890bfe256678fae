#include "messages/syncable.hpp"

namespace lockstep {

namespace {

using json = nlohmann::json;

/// SQLite has no booleans; its columns give 0 and 1.
void read_boolean(json& given, const json& like) {
  if (like.is_boolean() && given.is_number_integer())
    given = given != 0;
}

bool same_kind(const json& given, const json& like) {
  if (like.is_null())
    return true;
  if (like.is_number_float())
    return given.is_number();
  if (like.is_number_integer())
    return given.is_number_integer();
  return given.type() == like.type();
}

tl::unexpected<failure> wrong_type(std::string_view model,
                                   const std::string& field, const json& like) {
  return fail(errc::invalid_argument,
              "Field " + field + " of a " + std::string{model}
                + " record must be of type " + like.type_name() + ".");
}

} // namespace

expected<json> checked_image(std::string_view model, std::string_view text,
                             const json& like) {
  const auto given = json::parse(text, nullptr, false);
  if (!given.is_object())
    return fail(errc::invalid_argument, "The data of a " + std::string{model}
                                          + " record is no JSON object.");
  auto checked = json::object();
  for (const auto& [field, value] : given.items()) {
    const auto known = like.find(field);
    if (known == like.end() || value.is_null())
      continue;
    auto taken = value;
    read_boolean(taken, *known);
    if (!same_kind(taken, *known))
      return wrong_type(model, field, *known);
    checked[field] = std::move(taken);
  }
  return checked;
}

expected<void> check_numbers(std::string_view model, const json& given,
                             const json& taken) {
  // Compared as text: nlohmann takes -1 for the greatest unsigned number.
  for (const auto& [field, value] : given.items())
    if (value.is_number_integer() && taken.contains(field)
        && taken[field].is_number_integer()
        && taken[field].dump() != value.dump())
      return fail(errc::invalid_argument,
                  "Field " + field + " of a " + std::string{model}
                    + " record cannot hold " + value.dump() + ".");
  return {};
}

std::string image_text(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace lockstep

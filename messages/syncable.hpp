#pragma once

#include "messages/errors.hpp"
#include "messages/json.hpp"
#include "messages/library_requests.hpp"

#include <nlohmann/json.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// How a host's own struct becomes a record: its traits say what the model is
/// called and which members matter, nlohmann's to_json and from_json what its
/// fields are. Members and columns have the same names.
namespace lockstep {

/// To be specialised for each type; LOCKSTEP_SYNCABLE does it.
template <class T> struct syncable_traits;

/// What becomes of concurrent changes of a type's records, where that is not
/// left as it is; to be specialised beside the traits.
template <class T>
inline constexpr std::optional<conflict_policy> policy_for = std::nullopt;

// clang-format off
/// A type whose values are records of one model.
template <class T>
concept syncable = std::default_initializable<T>
  && requires(const T& value, T& target, nlohmann::json& json) {
    { syncable_traits<T>::model } -> std::convertible_to<std::string_view>;
    { syncable_traits<T>::id_field } -> std::convertible_to<std::string_view>;
    { syncable_traits<T>::version_field }
      -> std::convertible_to<std::string_view>;
    { syncable_traits<T>::id(value) } -> std::convertible_to<record_id>;
    { syncable_traits<T>::version(target) } -> std::same_as<version_number&>;
    { syncable_traits<T>::excluded() }
      -> std::same_as<std::vector<std::string_view>>;
    { syncable_traits<T>::create_table() }
      -> std::convertible_to<std::string_view>;
    json = value;
    json.get_to(target);
  };
// clang-format on

/// An image as an object, checked against what its model's fields look like.
/// `like` is the image of an empty record. Fields that are null or missing keep
/// their defaults, unknown ones are left out.
expected<nlohmann::json> checked_image(std::string_view model,
                                       std::string_view text,
                                       const nlohmann::json& like);

/// The failure of a number that does not fit into its field, or nothing.
expected<void> check_numbers(std::string_view model,
                             const nlohmann::json& given,
                             const nlohmann::json& taken);

/// The object's text; bytes of a string that are no UTF-8 become U+FFFD.
std::string image_text(const nlohmann::json& object);

/// All fields as a JSON object, in the order of their names, but for the
/// excluded ones and the version, which Lockstep itself keeps.
template <syncable T> std::string to_image(const T& value) {
  using traits = syncable_traits<T>;
  nlohmann::json object = value;
  object.erase(std::string{traits::version_field});
  for (const auto field : traits::excluded())
    object.erase(std::string{field});
  return image_text(object);
}

/// A record from its image; excluded fields and the version keep their
/// defaults. Fails with `invalid_argument` for what is no JSON object, or where
/// a field has the wrong type.
template <syncable T> expected<T> from_image(std::string_view text) {
  using traits = syncable_traits<T>;
  const nlohmann::json like = T{};
  auto object = checked_image(traits::model, text, like);
  if (!object)
    return tl::make_unexpected(object.error());
  try {
    auto value = object->template get<T>();
    const nlohmann::json taken = value;
    if (auto fits = check_numbers(traits::model, *object, taken); !fits)
      return tl::make_unexpected(fits.error());
    return value;
  } catch (const std::exception& error) {
    return fail(errc::invalid_argument,
                "The data of a " + std::string{traits::model}
                  + " record cannot be read: " + error.what() + ".");
  }
}

/// What to commit so that the record becomes `value`, or goes away.
template <syncable T>
record_change to_change(const T& value, change_type change) {
  using traits = syncable_traits<T>;
  return {std::string{traits::model}, traits::id(value), change,
          change == change_type::remove ? std::string{} : to_image(value)};
}

/// The same for a list. Fails with `invalid_argument` when the list is empty,
/// an id is nil, or two values have the same id.
template <syncable T>
expected<std::vector<record_change>> to_changes(std::span<const T> values,
                                                change_type change) {
  using traits = syncable_traits<T>;
  const std::string model{traits::model};
  if (values.empty())
    return fail(errc::invalid_argument,
                "The list of " + model + " records is empty.");
  std::set<record_id> ids;
  std::vector<record_change> changes;
  changes.reserve(values.size());
  for (const auto& value : values) {
    const record_id id = traits::id(value);
    if (id.is_nil())
      return fail(errc::invalid_argument,
                  "A " + model + " record has no " + traits::id_field + ".");
    if (!ids.insert(id).second)
      return fail(errc::invalid_argument, "The list holds the " + model
                                            + " record " + to_string(id)
                                            + " twice.");
    changes.push_back(to_change(value, change));
  }
  return changes;
}

} // namespace lockstep

/// Names the members that are a record's fields, for JSON. Beside the type, in
/// its namespace.
#define LOCKSTEP_FIELDS(type, ...)                                             \
  NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(type, __VA_ARGS__)

/// Makes a type syncable: its model's name, the members that hold the record id
/// and the version, the SQL that creates its table, then the names of the
/// fields that stay on each device, as strings. At global scope or in namespace
/// lockstep.
///
///   struct note {
///     lockstep::record_id uuid;
///     std::string text;
///     lockstep::version_number version;
///   };
///   LOCKSTEP_FIELDS(note, uuid, text)
///   LOCKSTEP_SYNCABLE(note, "note", uuid, version,
///                     "CREATE TABLE IF NOT EXISTS note ("
///                     "uuid TEXT PRIMARY KEY NOT NULL, text TEXT)")
#define LOCKSTEP_SYNCABLE(type, model_name, id_member, version_member, table,  \
                          ...)                                                 \
  template <> struct lockstep::syncable_traits<type> {                         \
    static constexpr const char* model = model_name;                           \
    static constexpr const char* id_field = #id_member;                        \
    static constexpr const char* version_field = #version_member;              \
    static record_id id(const type& value) {                                   \
      return value.id_member;                                                  \
    }                                                                          \
    static version_number& version(type& value) {                              \
      return value.version_member;                                             \
    }                                                                          \
    static std::vector<std::string_view> excluded() {                          \
      return {__VA_ARGS__};                                                    \
    }                                                                          \
    static constexpr const char* create_table() {                              \
      return table;                                                            \
    }                                                                          \
  };                                                                           \
  static_assert(lockstep::syncable<type>);

#include "persistence/model_policy.hpp"

#include "persistence/record_reader.hpp"
#include "persistence/uuid_v5.hpp"

#include <nlohmann/json.hpp>

namespace lockstep {

namespace {

record_id record_of(std::string_view model) {
  return make_uuid_v5(std::string{policy_model} + '\0' + std::string{model});
}

conflict_policy read_policy(const std::string& image) {
  const auto json = nlohmann::json::parse(image, nullptr, false);
  if (const auto name = json.find("policy");
      name != json.end() && name->is_string())
    if (auto known = parse_conflict_policy(name->get<std::string>()))
      return *known;
  return conflict_policy::last_writer_wins;
}

} // namespace

conflict_policy policy_of(library_store& store, std::string_view model) {
  const auto found
    = find_record(store, std::string{policy_model}, record_of(model));
  return found && *found ? read_policy((*found)->data)
                         : conflict_policy::last_writer_wins;
}

record_change policy_change(std::string_view model, conflict_policy policy) {
  return {
    std::string{policy_model}, record_of(model), change_type::update,
    nlohmann::json{{"model", model}, {"policy", to_string(policy)}}.dump()};
}

} // namespace lockstep

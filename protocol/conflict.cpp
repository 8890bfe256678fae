#include "protocol/conflict.hpp"

#include "protocol/operation_reference.hpp"

#include <nlohmann/json.hpp>

#include <tuple>

namespace lockstep {

namespace {

nlohmann::json to_json(const conflict_side& side) {
  nlohmann::json data;
  if (!side.data.empty())
    data = nlohmann::json::parse(side.data, nullptr, false);
  if (data.is_discarded())
    data = side.data; // Text stands for what cannot be read.
  return {{"device", to_string(side.device)},
          {"device_sequence", side.device_sequence.value},
          {"timestamp", side.timestamp.packed},
          {"change", to_string(side.change)},
          {"data", std::move(data)},
          {"base_version", side.base_version.value},
          {"changed", side.changed},
          {"base_operation", side.base_operation.value}};
}

} // namespace

verdict last_writer_wins(const operation& what, const record_standing& record) {
  const bool builds_on_newest
    = is_built_on(what, record.device, record.device_sequence);
  // Who inserts a record has not seen it live: its versions may be those of an
  // earlier life that is forgotten.
  const bool is_other_life
    = what.change == change_type::insert && record.version && !record.deleted;
  const bool saw_newest = !what.base_operation
                          && what.base_version == record.version
                          && !is_other_life;
  if (builds_on_newest || saw_newest)
    return verdict::clean;
  const bool removes = what.change == change_type::remove;
  if (removes != record.deleted)
    return removes ? verdict::wins : verdict::loses;
  const auto claimed = what.base_version + 1;
  return std::tie(claimed, what.timestamp, what.device)
             > std::tie(record.version, record.timestamp, record.device)
           ? verdict::wins
           : verdict::loses;
}

std::string_view to_string(conflict_kind kind) {
  switch (kind) {
    case conflict_kind::concurrent:
      return "concurrent";
    case conflict_kind::constraint:
      return "constraint";
    case conflict_kind::membership:
      return "membership";
  }
  return "unknown";
}

std::string conflict_image(conflict_kind kind, std::string_view model,
                           record_id record, std::string_view reason,
                           const conflict_side& winner,
                           const conflict_side& loser) {
  return nlohmann::json{
    {"kind", to_string(kind)},     {"model", model},
    {"record", to_string(record)}, {"reason", reason},
    {"winner", to_json(winner)},   {"loser", to_json(loser)}}
    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

std::optional<operation> read_side(std::string_view image, const char* which) {
  const auto json = nlohmann::json::parse(image, nullptr, false);
  if (!json.is_object())
    return std::nullopt;
  try {
    const auto& side = json.at(which);
    const auto device
      = parse_id<device_id>(side.at("device").get<std::string>());
    const auto record
      = parse_id<record_id>(json.at("record").get<std::string>());
    const auto change = parse_change_type(side.at("change").get<std::string>());
    if (!device || !record || !change)
      return std::nullopt;
    operation what;
    what.device = *device;
    what.device_sequence
      = device_sequence_number{side.at("device_sequence").get<std::uint64_t>()};
    what.timestamp.packed = side.at("timestamp").get<std::uint64_t>();
    what.model = json.at("model").get<std::string>();
    what.record = *record;
    what.change = *change;
    what.transaction_end = what.device_sequence;
    what.base_version
      = version_number{side.value("base_version", std::uint64_t{0})};
    what.changed = side.value("changed", std::vector<std::string>{});
    what.base_operation
      = device_sequence_number{side.value("base_operation", std::uint64_t{0})};
    const auto& data = side.at("data");
    if (data.is_string())
      what.data = data.get<std::string>();
    else if (!data.is_null())
      what.data = data.dump();
    return what;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

} // namespace

std::optional<operation> loser_of(std::string_view image) {
  return read_side(image, "loser");
}

std::optional<operation> winner_of(std::string_view image) {
  return read_side(image, "winner");
}

conflict_side side_of(const operation& what) {
  return {
    what.device, what.device_sequence, what.timestamp, what.change,
    what.data,   what.base_version,    what.changed,   what.base_operation};
}

conflict_side side_of(const entry& what) {
  return {what.device,
          what.device_sequence,
          what.timestamp,
          what.change,
          what.data,
          what.version - 1,
          {},
          {}};
}

} // namespace lockstep

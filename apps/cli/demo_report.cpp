#include "apps/cli/demo_report.hpp"

#include <algorithm>

namespace lockstep::cli {

namespace {

nlohmann::json device_json(const demo_standing& one) {
  return {{"name", one.name},
          {"device", one.status["device"]},
          {"role", one.status["role"]},
          {"entries", one.check["sequence"]},
          {"log_digest", one.check["log_digest"]},
          {"tables", one.check["tables"]},
          {"indexed", one.index.rows},
          {"index_digest", digest_text(one.index.digest)},
          {"pending", one.status["pending"]},
          {"conflicts", one.status["conflicts"]},
          {"equal", one.equal}};
}

/// One digest for all tables of a device.
std::uint64_t tables_digest(const nlohmann::json& tables) {
  std::uint64_t all = 14695981039346656037ULL;
  for (const char byte : tables.dump())
    all = (all ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return all;
}

} // namespace

bool demo_report::ok() const {
  return !steps.empty()
         && std::all_of(steps.begin(), steps.end(),
                        [](const demo_step& step) { return step.ok; });
}

nlohmann::json to_json(const demo_report& report) {
  auto devices = nlohmann::json::array();
  for (const auto& one : report.devices)
    devices.push_back(device_json(one));
  auto steps = nlohmann::json::array();
  for (const auto& step : report.steps)
    steps.push_back({{"step", step.name},
                     {"ok", step.ok},
                     {"ms", step.took.count()},
                     {"what", step.what}});
  return {{"ok", report.ok()},
          {"folder", report.folder.string()},
          {"files", report.files},
          {"devices", devices},
          {"steps", steps}};
}

std::string to_text(const demo_step& step) {
  auto text = std::string{step.ok ? "ok    " : "FAILED"};
  auto took = std::to_string(step.took.count()) + " ms";
  text.append(took.size() < 11 ? 11 - took.size() : 1, ' ');
  return text + took + "  " + step.name + ": " + step.what;
}

text_table devices_table(const demo_report& report) {
  text_table table{{"DEVICE", "ROLE", "ENTRIES", "LOG DIGEST", "TABLES",
                    "INDEXED", "INDEX DIGEST", "PENDING", "EQUAL"},
                   {}};
  for (const auto& one : report.devices)
    table.rows.push_back(
      {one.name, one.status["role"].get<std::string>(),
       with_commas(one.check["sequence"].get<std::uint64_t>()),
       one.check["log_digest"].get<std::string>(),
       digest_text(tables_digest(one.check["tables"])),
       with_commas(one.index.rows), digest_text(one.index.digest),
       with_commas(one.status["pending"].get<std::uint64_t>()),
       one.equal ? "yes" : "NO"});
  return table;
}

} // namespace lockstep::cli

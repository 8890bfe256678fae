#include "bench/measurement.hpp"

#include "apps/cli/output.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace lockstep::bench {

namespace {

std::string shown(double value) {
  if (std::abs(value) >= 1'000)
    return cli::with_commas(static_cast<std::uint64_t>(std::llround(value)));
  std::ostringstream text;
  text << std::fixed << std::setprecision(std::abs(value) < 10 ? 2 : 1)
       << value;
  return text.str();
}

std::string shown(const goal& must) {
  return (must.bound == goal::kind::at_least ? ">= " : "<= ")
         + shown(must.limit) + (must.is_ratio ? " x" : "");
}

} // namespace

std::optional<double> measurement::ratio() const {
  if (!baseline || *baseline == 0)
    return std::nullopt;
  return ours / *baseline;
}

std::optional<bool> measurement::is_met() const {
  if (!must)
    return std::nullopt;
  const auto value = must->is_ratio ? ratio() : std::optional{ours};
  if (!value)
    return std::nullopt;
  return must->bound == goal::kind::at_least ? *value >= must->limit
                                             : *value <= must->limit;
}

double percentile(std::vector<double> values, double part) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto at = std::ceil(part * static_cast<double>(values.size())) - 1;
  return values[static_cast<std::size_t>(std::max(at, 0.0))];
}

double median(std::vector<double> values) {
  return percentile(std::move(values), 0.5);
}

nlohmann::json to_json(const std::vector<measurement>& list) {
  auto all = nlohmann::json::array();
  for (const auto& one : list) {
    nlohmann::json made{
      {"what", one.what}, {"unit", one.unit}, {"ours", one.ours}};
    if (one.baseline) {
      made["baseline_name"] = one.baseline_name;
      made["baseline"] = *one.baseline;
      made["ratio"] = one.ratio().value_or(0);
    }
    if (one.must) {
      made["must"] = shown(*one.must);
      if (const auto met = one.is_met())
        made["met"] = *met;
    }
    if (!one.remark.empty())
      made["remark"] = one.remark;
    all.push_back(std::move(made));
  }
  return all;
}

std::string to_text(const std::vector<measurement>& list) {
  cli::text_table table{
    {"what", "ours", "baseline", "ratio", "must be", "met", "remark"}, {}};
  for (const auto& one : list) {
    const auto ratio = one.ratio();
    const auto met = one.is_met();
    table.rows.push_back(
      {one.what, shown(one.ours) + " " + one.unit,
       one.baseline ? shown(*one.baseline) + " (" + one.baseline_name + ")"
                    : "-",
       ratio ? shown(*ratio) : "-", one.must ? shown(*one.must) : "-",
       met ? (*met ? "yes" : "NO") : "-", one.remark});
  }
  return cli::to_text(table);
}

} // namespace lockstep::bench

#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::bench {

/// What a figure must reach: as it is, or divided by the baseline's.
struct goal {
  enum class kind : std::uint8_t { at_least, at_most };
  kind bound = kind::at_least;
  double limit = 0;
  bool is_ratio = false;
};

/// One figure and, where there is one, the same work without Lockstep, measured
/// in the same run.
struct measurement {
  std::string what;
  std::string unit;
  double ours = 0;
  std::string baseline_name = {};
  std::optional<double> baseline = std::nullopt;
  std::optional<goal> must = std::nullopt;
  /// What a reader must know to read the figure right.
  std::string remark = {};

  [[nodiscard]] std::optional<double> ratio() const;
  /// Nothing where there is no goal.
  [[nodiscard]] std::optional<bool> is_met() const;
};

/// How much work is done; the figures of the documentation come from `full`.
struct extent {
  bool quick = false;
  /// With a log of ten million entries, too.
  bool large = false;

  /// `full` of something, or a twentieth of it.
  [[nodiscard]] std::size_t of(std::size_t full) const {
    return quick ? std::max<std::size_t>(full / 20, 1) : full;
  }
};

/// Seconds since it was made.
class stopwatch {
public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now()
                                         - start_)
      .count();
  }

private:
  std::chrono::steady_clock::time_point start_
    = std::chrono::steady_clock::now();
};

/// The one that `part` (0 to 1) of the values are not above.
double percentile(std::vector<double> values, double part);
double median(std::vector<double> values);

nlohmann::json to_json(const std::vector<measurement>& list);
/// For people.
std::string to_text(const std::vector<measurement>& list);

} // namespace lockstep::bench

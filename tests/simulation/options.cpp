#include "tests/simulation/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace lockstep::simulation {

namespace {

struct named {
  fault what;
  std::string_view name;
};

constexpr std::array names{
  named{fault::drop, "drop"},
  named{fault::delay, "delay"},
  named{fault::duplicate, "duplicate"},
  named{fault::cut, "cut"},
  named{fault::one_way, "one_way"},
  named{fault::partition, "partition"},
  named{fault::reset, "reset"},
  named{fault::slow, "slow"},
  named{fault::crash, "crash"},
  named{fault::power, "power"},
  named{fault::pause, "pause"},
  named{fault::skew, "skew"},
  named{fault::join, "join"},
  named{fault::remove, "remove"},
  named{fault::disk_full, "disk_full"},
  named{fault::io_error, "io_error"},
  named{fault::close, "close"},
  named{fault::lost_log, "lost_log"},
  named{fault::lost_tables, "lost_tables"},
  named{fault::old_copy, "old_copy"},
  named{fault::bit_flip, "bit_flip"},
  named{fault::vacuum, "vacuum"},
};

constexpr std::array<std::string_view, 11> flaws{
  "none",  "fencing", "exactly_once", "watermark", "rebase",  "vote",
  "notes", "flush",   "members",      "conflicts", "majority"};

/// A fault that the product is not said to survive: left out of "all".
bool is_beyond_design(fault what, consistency mode) {
  // A majority rests on what each of it keeps.
  return mode == consistency::quorum
         && (what == fault::lost_log || what == fault::bit_flip);
}

} // namespace

std::string_view to_string(flaw what) {
  return flaws.at(static_cast<std::size_t>(what));
}

expected<flaw> parse_flaw(const std::string& text) {
  const auto found = std::ranges::find(flaws, text);
  if (found != flaws.end())
    return static_cast<flaw>(found - flaws.begin());
  std::string known;
  for (const auto name : flaws)
    known += " " + std::string{name};
  return fail(errc::invalid_argument, "Nothing is broken so: \"" + text
                                        + "\"; choose among" + known + ".");
}

std::string_view to_string(workload what) {
  return what == workload::mixed ? "mixed" : "conflicts";
}

std::string_view to_string(fault what) {
  return std::ranges::find(names, what, &named::what)->name;
}

const std::vector<fault>& all_faults() {
  static const auto list = [] {
    std::vector<fault> all;
    for (const auto& one : names)
      all.push_back(one.what);
    return all;
  }();
  return list;
}

expected<number_range> parse_range(const std::string& text) {
  number_range range;
  const auto* end = text.data() + text.size();
  auto [rest, problem] = std::from_chars(text.data(), end, range.first);
  range.last = range.first;
  if (problem == std::errc{} && std::string_view{rest, end}.starts_with("..")) {
    const auto second = std::from_chars(rest + 2, end, range.last);
    rest = second.ptr;
    problem = second.ec;
  }
  if (problem != std::errc{} || rest != end || range.last < range.first)
    return fail(errc::invalid_argument, "\"" + text
                                          + "\" is no range; write A..B with A"
                                            " not above B, or one number.");
  return range;
}

expected<std::set<fault>> parse_faults(const std::string& text,
                                       consistency mode) {
  std::set<fault> chosen;
  if (text == "none")
    return chosen;
  std::istringstream in{text};
  for (std::string name; std::getline(in, name, ',');) {
    if (name == "all") {
      for (const auto& one : names)
        if (!is_beyond_design(one.what, mode))
          chosen.insert(one.what);
      continue;
    }
    const auto found = std::ranges::find(names, name, &named::name);
    if (found == names.end()) {
      std::string known;
      for (const auto& one : names)
        known += " " + std::string{one.name};
      return fail(errc::invalid_argument, "There is no fault \"" + name
                                            + "\"; choose among all, none"
                                            + known + ".");
    }
    chosen.insert(found->what);
  }
  return chosen;
}

} // namespace lockstep::simulation

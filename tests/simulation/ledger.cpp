#include "tests/simulation/ledger.hpp"

namespace lockstep::simulation {

namespace {

/// The texts that stand in an image, as the work writes them: "t12;".
std::set<std::string> texts_in(const std::string& image) {
  std::set<std::string> found;
  for (std::size_t at = 0; (at = image.find("t#", at)) != std::string::npos;) {
    const auto end = image.find(';', at);
    if (end == std::string::npos)
      break;
    found.insert(image.substr(at, end - at + 1));
    at = end;
  }
  return found;
}

} // namespace

void ledger::acknowledge(const receipt& what) {
  if (what.last)
    for (auto at = what.first; !(what.last < at); at = at + 1)
      operations_.insert({what.device, at});
}

void ledger::check(const std::vector<entry>& log, verdict& result) const {
  std::map<operation_key, int> held;
  std::set<std::string> texts;
  for (const auto& what : log) {
    ++held[{what.device, what.device_sequence}];
    texts.merge(texts_in(what.data));
  }
  for (const auto& [key, times] : held)
    if (times != 1)
      result.fail("P3: operation " + to_string(key.second) + " of "
                  + to_string(key.first).substr(0, 8) + " is "
                  + std::to_string(times) + " times in the log");
  for (const auto& key : operations_)
    if (!held.contains(key))
      result.fail("P3: operation " + to_string(key.second) + " of "
                  + to_string(key.first).substr(0, 8)
                  + " was acknowledged and is not in the log");
  for (const auto& text : texts_)
    if (!texts.contains(text))
      result.fail("P3: the row written with " + text
                  + " is not in the log, neither applied nor as a conflict");
}

} // namespace lockstep::simulation

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

void ledger::expect_text(std::string text, const receipt& in) {
  texts_.push_back({std::move(text), {in.device, in.last}});
}

void ledger::expect_text(std::string text, device_id on) {
  texts_.push_back({std::move(text), {on, {}}});
}

void ledger::forgive(device_id maker,
                     const std::function<bool(const operation_key&)>& kept) {
  forgive_since({}, maker, kept);
}

ledger::account ledger::account_of(
  device_id maker,
  const std::function<bool(const operation_key&)>& held) const {
  account made;
  for (const auto& one : operations_)
    if (one.first == maker && held(one))
      made.operations.insert(one);
  for (const auto& one : texts_)
    if (one.last.first == maker && held(one.last))
      made.texts.insert(one.text);
  return made;
}

void ledger::forgive_since(
  const account& then, device_id maker,
  const std::function<bool(const operation_key&)>& kept) {
  std::erase_if(operations_, [&](const operation_key& made) {
    return made.first == maker && !then.operations.contains(made)
           && !kept(made);
  });
  std::erase_if(texts_, [&](const written& one) {
    return one.last.first == maker && !then.texts.contains(one.text)
           && !kept(one.last);
  });
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
  for (const auto& one : texts_)
    if (!texts.contains(one.text))
      result.fail("P3: the row written with " + one.text
                  + " is not in the log, neither applied nor as a conflict");
}

std::uint64_t ledger::renumbered(const std::vector<entry>& log) const {
  std::map<std::string, const entry*> first;
  for (const auto& what : log)
    for (const auto& text : texts_in(what.data))
      first.try_emplace(text, &what);
  std::uint64_t count = 0;
  for (const auto& one : texts_)
    if (const auto found = first.find(one.text);
        one.last.second && found != first.end()
        && found->second->device == one.last.first
        && one.last.second < found->second->device_sequence)
      ++count;
  return count;
}

} // namespace lockstep::simulation

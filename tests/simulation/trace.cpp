#include "tests/simulation/trace.hpp"

#include <cxxabi.h>
#include <xxhash.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ostream>

namespace lockstep::simulation {

namespace {

constexpr std::size_t lines_kept = 4'000;

std::string readable(const std::type_info& kind) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{
    abi::__cxa_demangle(kind.name(), nullptr, nullptr, &status), std::free};
  std::string name = status == 0 ? text.get() : kind.name();
  if (name.starts_with("lockstep::"))
    name.erase(0, 10);
  return name;
}

} // namespace

void trace::say(duration at, std::string text) {
  for (std::size_t found = 0;
       !hidden_.empty()
       && (found = text.find(hidden_, found)) != std::string::npos;)
    text.erase(found, hidden_.size());
  digest_ = XXH64(text.data(), text.size(), digest_);
  add({at, std::move(text), nullptr, nullptr});
}

void trace::step(duration at, std::string_view device, const char* actor,
                 const std::type_info* kind) {
  digest_ = XXH64(device.data(), device.size(), digest_);
  digest_ = XXH64(actor, std::char_traits<char>::length(actor), digest_);
  if (kind != nullptr)
    digest_ = XXH64(kind->name(), std::char_traits<char>::length(kind->name()),
                    digest_);
  add({at, std::string{device}, actor, kind});
}

void trace::add(line what) {
  const auto at = what.at.count();
  digest_ = XXH64(&at, sizeof at, digest_);
  if (out_ != nullptr)
    *out_ << text_of(what) << "\n";
  lines_.push_back(std::move(what));
  if (lines_.size() > lines_kept)
    lines_.pop_front();
}

std::string trace::text_of(const line& what) {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%12.6f ",
                std::chrono::duration<double>(what.at).count());
  auto text = time.data() + what.text;
  if (what.actor != nullptr)
    text += std::string{" "} + what.actor;
  if (what.kind != nullptr)
    text += " <- " + readable(*what.kind);
  return text;
}

std::string trace::tail(std::size_t count) const {
  std::string text;
  const auto first = lines_.size() - std::min(lines_.size(), count);
  for (auto i = first; i < lines_.size(); ++i)
    text += text_of(lines_[i]) + "\n";
  return text;
}

} // namespace lockstep::simulation

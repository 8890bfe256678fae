#include "apps/embedded/record_ids.hpp"

#include <chrono>
#include <random>

namespace lockstep {

record_id make_record_id() {
  thread_local std::random_device source;
  auto word = [] {
    return std::uint64_t{source()} << 32 | std::uint64_t{source()};
  };
  const auto now = std::chrono::floor<std::chrono::milliseconds>(
    std::chrono::system_clock::now());
  return record_id{
    make_uuid_v7(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                 word(), word())};
}

} // namespace lockstep

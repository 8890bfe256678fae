#include "actors/logging.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace lockstep {

spdlog::logger& logger() {
  static const auto found = [] {
    auto host = spdlog::get("lockstep");
    if (!host) {
      host = spdlog::stderr_color_mt("lockstep");
      host->set_level(spdlog::level::warn);
    }
    return host;
  }();
  return *found;
}

} // namespace lockstep

#pragma once

#include "apps/cli/progress_feed.hpp"
#include "apps/embedded/node.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace lockstep::cli {

/// Ends a step of the demo: what was expected did not come.
class step_failed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The value, or the end of the step.
template <class T> T got(expected<T> value) {
  if (!value)
    throw step_failed{value.error().message};
  return std::move(*value);
}

/// The same for an answer to come, which may take a while, but not for ever.
template <class T> T got(answer<T> coming) {
  if (coming.wait_for(std::chrono::seconds{60}) != std::future_status::ready)
    throw step_failed{"A library did not answer within a minute."};
  return got(coming.get());
}

/// Waits until something holds; throws `step_failed` with `otherwise` when it
/// does not come to that within half a minute.
void eventually(const std::function<bool()>& holds,
                const std::string& otherwise);

/// One of the demo's devices: a node on a data directory of its own, as if it
/// were alone in its process. Everything throws `step_failed`.
class demo_device {
public:
  demo_device(runtime& shared, std::string name,
              std::filesystem::path directory, settings limits);

  /// Starts the node; the second time on what it left behind.
  void start();
  void create_library(const std::string& name);
  /// Lets another device into the library.
  void share_with(demo_device& other);
  void open_library(library_id id);
  /// Ends as a crash would.
  void kill();

  [[nodiscard]] const std::string& name() const {
    return name_;
  }
  [[nodiscard]] bool running() const {
    return node_.has_value();
  }
  [[nodiscard]] device_id id() const {
    return id_;
  }
  [[nodiscard]] library& copy() {
    return *library_;
  }
  [[nodiscard]] progress_feed& progress() {
    return progress_;
  }

  library_status status();
  template <syncable T> T load(record_id id) {
    return got(copy().load<T>(id));
  }
  template <syncable T> bool has(record_id id) {
    return copy().load<T>(id).has_value();
  }
  /// Writes one record; returns once it has its place in the log.
  template <syncable T> void write(const T& value) {
    got(copy().commit(value, change_type::update, receipt_state::sequenced));
  }

private:
  void meet(library opened);

  runtime& runtime_;
  std::string name_;
  std::filesystem::path directory_;
  settings limits_;
  device_id id_;
  std::optional<node> node_;
  std::optional<library> library_;
  progress_feed progress_;
  subscription events_;
};

/// How many rows a device's index has, and a digest over all of them.
struct index_digest {
  std::uint64_t rows = 0;
  std::uint64_t digest = 0;

  bool operator==(const index_digest&) const = default;
};

index_digest digest_index(library& of);

} // namespace lockstep::cli

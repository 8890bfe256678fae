#pragma once

#include "apps/embedded/node.hpp"
#include "apps/embedded/record_ids.hpp"
#include "messages/models.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace lockstep {

/// What a host waits for at most before it calls something a failure.
inline constexpr std::chrono::seconds host_patience{30};

/// The answer, or a failure when it does not come.
template <class T> expected<T> within(answer<T> coming) {
  if (coming.wait_for(host_patience) != std::future_status::ready)
    return fail(errc::timed_out, "no answer");
  return coming.get();
}

/// The code of a failure; `none` for a value.
template <class T> errc code_of(const expected<T>& value) {
  return value ? errc::none : value.error().code;
}

/// What a failure says; empty for a value.
template <class T> std::string complaint_of(const expected<T>& value) {
  return value ? std::string{} : value.error().message;
}

/// Something to read, without line breaks and without an end that is missing.
MATCHER(is_one_sentence, "is one sentence for people") {
  const std::string text = arg;
  return text.size() > 10 && text.find('\n') == std::string::npos
         && text.back() != ' ' && text.back() != ':';
}

/// Polls until something holds; false when patience runs out.
template <class Predicate> bool eventually(Predicate holds) {
  const auto end = std::chrono::steady_clock::now() + host_patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

/// A host with nodes, on real threads and files.
class hosted_nodes : public testing::Test {
protected:
  static settings short_times() {
    using namespace std::chrono_literals;
    settings limits;
    limits.leadership.heartbeat = 200ms;
    limits.leadership.timeout = 1s;
    limits.leadership.lease = 1500ms;
    limits.leadership.election_window = 100ms;
    limits.replication.retry_first = 50ms;
    return limits;
  }

  std::filesystem::path directory_of(const std::string& name) {
    return folder / name;
  }

  expected<node> try_open(const std::string& name) {
    node_options how;
    how.data_directory = directory_of(name);
    how.device_name = name;
    how.limits = short_times();
    return node::open(shared, std::move(how));
  }

  node open(const std::string& name) {
    auto opened = try_open(name);
    if (!opened)
      throw std::runtime_error{opened.error().message};
    return std::move(*opened);
  }

  /// A new library with the table of tags; its log has begun.
  static library make_library(node& on, const std::string& name = "photos") {
    auto made = on.create_library(name);
    if (!made)
      throw std::runtime_error{made.error().message};
    if (auto used = within(made->use<tag>()); !used)
      throw std::runtime_error{used.error().message};
    // The device takes office, and then writes itself down as a member.
    if (!eventually([&] { return within(made->count()).value_or(0) > 0; }))
      throw std::runtime_error{"the log stays empty"};
    return *made;
  }

  static tag named(const std::string& name) {
    tag made;
    made.uuid = make_record_id();
    made.name = name;
    return made;
  }

  temporary_directory folder;
  runtime shared;
};

} // namespace lockstep

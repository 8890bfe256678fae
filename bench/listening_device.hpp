#pragma once

#include "bench/open_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace lockstep::bench {

/// Rows in batches of 1,000.
inline void commit_all(library& to, std::size_t count) {
  constexpr std::size_t batch = 1'000;
  for (std::size_t done = 0; done < count; done += batch) {
    const auto list = make_items(std::min(batch, count - done));
    must(
      to.commit_batch(std::span<const item>{list}, change_type::insert).get());
  }
}

/// A device that listens, for others to join.
struct listening_device {
  /// In a folder of its own.
  listening_device() {
    must(items.use<item>().get());
  }
  explicit listening_device(const std::filesystem::path& at)
    : device(listening(shared, at)) {
    must(items.use<item>().get());
  }

  static node listening(runtime& shared, const std::filesystem::path& at) {
    auto options = opened_device::options_for(at);
    options.network.emplace();
    options.network->listen = "127.0.0.1:0";
    return must(node::open(shared, std::move(options)));
  }

  /// One more library; those have the numbers from 1 on.
  library& add() {
    others.push_back(must(
      device.create_library("items " + std::to_string(others.size() + 2))));
    must(others.back().use<item>().get());
    return others.back();
  }

  [[nodiscard]] std::string invitation(const library& into) {
    return must(device.invite(into, std::chrono::minutes{10})).text;
  }
  [[nodiscard]] std::string invitation() {
    return invitation(items);
  }

  void commit(std::size_t count) {
    commit_all(items, count);
  }

  sequence_number head() {
    return must(items.latest_sequence().get());
  }

  temporary_directory folder;
  runtime shared;
  node device = listening(shared, folder / "a");
  library items = must(device.create_library("items"));
  std::vector<library> others;
};

} // namespace lockstep::bench

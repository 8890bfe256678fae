#pragma once

#include "apps/embedded/node.hpp"
#include "bench/sample_rows.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace lockstep::bench {

/// The value; ends the program with what went wrong where there is none.
template <class T> T must(expected<T> value) {
  if (value)
    return std::move(*value);
  std::fprintf(stderr, "lockstep-bench: %s\n", value.error().message.c_str());
  std::exit(1);
}

/// A device of this process with one library.
struct opened_device {
  opened_device(runtime& shared, const std::filesystem::path& folder,
                const std::filesystem::path& database = {})
    : device(must(node::open(shared, options_for(folder)))),
      items(must(device.create_library("items", database))) {
  }

  static node_options options_for(const std::filesystem::path& folder) {
    node_options options;
    options.data_directory = folder;
    return options;
  }

  node device;
  library items;
};

} // namespace lockstep::bench

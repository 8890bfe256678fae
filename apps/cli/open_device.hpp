#pragma once

#include "apps/cli/options.hpp"
#include "apps/embedded/node.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lockstep::cli {

/// The device of a data directory, opened by this process for one command; in
/// the daemon, the one that it has open.
class open_device {
public:
  /// `not_found` where no device was made yet; `io` where the directory cannot
  /// be read; else the errors of `node::open` and of the settings.
  /// `network` is where it is on the network of machines, if at all; the
  /// daemon's is there already.
  static expected<open_device> at(const options& given,
                                  std::optional<network_place> network = {});

  [[nodiscard]] lockstep::node& node() {
    return *node_;
  }
  [[nodiscard]] const std::filesystem::path& directory() const {
    return directory_;
  }

  /// Which library is meant, by its id, an unambiguous start of it, or its
  /// name.
  expected<known_library> find(const std::string& text);

  /// A library by its id, an unambiguous start of it, or its name. One that is
  /// damaged fails with what is wrong with it.
  expected<library> open(const std::string& text);

  /// How the library stands, once it is known who leads it and what other
  /// programs wrote is in, or a moment is over.
  static expected<library_status> settled_status(library& of);

  /// The same once it is as `holds` says, or `patience` is over.
  static expected<library_status>
  status_once(library& of,
              const std::function<bool(const library_status&)>& holds,
              std::chrono::milliseconds patience);

private:
  open_device(std::filesystem::path directory, std::unique_ptr<runtime> shared,
              std::unique_ptr<lockstep::node> own, lockstep::node& node);

  std::filesystem::path directory_;
  std::unique_ptr<runtime> runtime_;
  std::unique_ptr<lockstep::node> own_;
  lockstep::node* node_;
};

/// Opens a library for `then`, once what other programs wrote is in its log.
expected<void>
with_device(const options& given, const std::string& name,
            const std::function<expected<void>(open_device&, library&)>& then);

/// The same for those that need only the library.
expected<void>
with_library(const options& given, const std::string& name,
             const std::function<expected<void>(library&)>& then);

} // namespace lockstep::cli

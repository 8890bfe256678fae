#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace lockstep {

/// Images of one record that were made without knowing of each other, as JSON
/// objects.
struct concurrent_images {
  /// What the operation's writer saw; empty for a new record, nothing when it
  /// is not known any more.
  std::optional<std::string> base;
  /// The record's newest entry.
  std::string newest;
  /// The operation's.
  std::string operation;
};

/// A host's way to merge: the image that the record then has, or nothing where
/// the last writer is to win and the other image is to be kept as a conflict.
/// That is so too when it throws or answers what is no JSON object. Called on
/// the leading device, on a thread of Lockstep's; it must depend on nothing but
/// its argument.
using merge_function
  = std::function<std::optional<std::string>(const concurrent_images&)>;

/// By model.
using merge_functions = std::map<std::string, merge_function, std::less<>>;

} // namespace lockstep

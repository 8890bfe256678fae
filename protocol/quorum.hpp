#pragma once

#include "messages/library_requests.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace lockstep {

/// Counts majorities of a library's members. Who the members are is itself said
/// by the log, and while a majority does not hold that word it may be cut
/// again. Until then it takes a majority of the members as they were before and
/// of the members as they are now: so two parts of the devices never each have
/// a majority, however many members one of them lets in or removes by itself.
class quorum {
public:
  /// As the log names them by now; `at` is the newest entry that does. The
  /// first are taken for settled, so whom only a part of the log names does not
  /// count: `at` is nothing then.
  void set_members(const std::vector<member>& members,
                   std::optional<sequence_number> at);
  /// A majority holds the log up to here.
  void settle(sequence_number through);

  /// The most that a majority has reached; `T{}` when there are no members.
  /// `of` says how far one member is.
  template <class T>
  [[nodiscard]] T reached(const std::function<T(device_id)>& of) const {
    std::optional<T> least;
    for (const auto& each : lists_) {
      std::vector<T> all;
      for (auto device : each.members)
        all.push_back(of(device));
      if (all.empty())
        return {};
      const auto middle
        = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::ranges::nth_element(all, middle, std::greater{});
      least = least ? std::min(*least, *middle) : *middle;
    }
    return least.value_or(T{});
  }

  /// Whether those that `counts` says yes to are one.
  [[nodiscard]] bool
  is_majority(const std::function<bool(device_id)>& counts) const;

private:
  struct list {
    std::set<device_id> members;
    sequence_number at;
  };

  /// The settled one, and those after it.
  std::vector<list> lists_;
  sequence_number settled_;
};

} // namespace lockstep

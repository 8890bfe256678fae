#pragma once

#include <caf/mailbox_element.hpp>
#include <caf/type_erased_tuple.hpp>

namespace lockstep::simulation {

/// The message's content, if it is a `T`.
template <class T> T* content_of(caf::mailbox_element& element) {
  auto& content = element.content();
  const auto* kind = content.empty() ? nullptr : content.type(0).second;
  return kind != nullptr && *kind == typeid(T)
           ? static_cast<T*>(content.get_mutable(0))
           : nullptr;
}

} // namespace lockstep::simulation

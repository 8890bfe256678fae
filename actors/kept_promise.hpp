#pragma once

#include "actors/errors.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace lockstep {

/// A request that gets its answer in any case: `closed` where the actor has
/// ended before it could give another one.
template <class T> class kept_promise {
public:
  explicit kept_promise(caf::typed_response_promise<T> promise)
    : promise_(std::move(promise)) {
  }
  kept_promise(const kept_promise&) = delete;
  kept_promise& operator=(const kept_promise&) = delete;
  ~kept_promise() {
    if (promise_.pending())
      promise_.deliver(
        to_error({errc::closed, "The library was closed before it could"
                                " answer; open it again to see what became of"
                                " the request."}));
  }

  void answer(expected<T> value) {
    if (value)
      promise_.deliver(std::move(*value));
    else
      promise_.deliver(to_error(value.error()));
  }

private:
  caf::typed_response_promise<T> promise_;
};

/// What answers a promise with a value or a failure; whoever drops it unused
/// answers `closed`.
template <class T>
std::function<void(expected<T>)>
answer_to(caf::typed_response_promise<T> promise) {
  return [kept = std::make_shared<kept_promise<T>>(std::move(promise))](
           expected<T> value) {
    kept->answer(std::move(value));
  };
}

} // namespace lockstep

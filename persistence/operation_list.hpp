#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"

#include <functional>
#include <span>

namespace lockstep {

/// One transaction's operations in order, wherever they are kept.
class operation_list {
public:
  using action = std::function<expected<void>(const operation&)>;

  virtual ~operation_list() = default;

  [[nodiscard]] virtual std::size_t size() const = 0;

  /// Runs `action` for each, until one fails.
  virtual expected<void> for_each(const action& run) const = 0;
};

/// A transaction that the memory holds.
class operation_span : public operation_list {
public:
  explicit operation_span(std::span<const operation> list) : list_(list) {
  }

  [[nodiscard]] std::size_t size() const override {
    return list_.size();
  }

  expected<void> for_each(const action& run) const override {
    for (const auto& what : list_)
      if (auto done = run(what); !done)
        return done;
    return {};
  }

private:
  std::span<const operation> list_;
};

} // namespace lockstep

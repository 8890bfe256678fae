#include "apps/cli/progress_feed.hpp"

#include <utility>

namespace lockstep::cli {

std::function<void(const event&)> progress_feed::callback() {
  auto promise = std::make_shared<std::promise<report_pointer>>();
  rest_ = promise->get_future();
  return [promise](const event& what) {
    const auto* progress = std::get_if<indexing_progress>(&what.body);
    if (progress == nullptr)
      return;
    std::promise<report_pointer> after;
    auto made = std::make_shared<report>();
    made->what = *progress;
    made->rest = after.get_future();
    std::exchange(*promise, std::move(after)).set_value(std::move(made));
  };
}

std::optional<indexing_progress>
progress_feed::next(std::chrono::milliseconds patience) {
  if (!rest_.valid() || rest_.wait_for(patience) != std::future_status::ready)
    return std::nullopt;
  auto got = rest_.get();
  rest_ = std::move(got->rest);
  return got->what;
}

} // namespace lockstep::cli

#include "protocol/first_sync.hpp"

#include <algorithm>

namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr auto telling_pause = 250ms;

} // namespace

first_sync first_sync::from(sequence_number applied) {
  first_sync made;
  made.under_way_ = true;
  made.applied_ = applied;
  return made;
}

void first_sync::finish(sequence_number applied) {
  under_way_ = false;
  applied_ = std::max(applied_, applied);
}

void first_sync::on_target(const first_sync_target& what) {
  target_ = what;
}

void first_sync::on_applied(sequence_number through, std::uint64_t bytes,
                            time_point now) {
  applied_ = through;
  bytes_ += bytes;
  measured_until_ = now;
  if (measured_since_)
    return;
  measured_since_ = now;
  measured_from_ = through;
}

bool first_sync::is_complete(sequence_number applied) const {
  return target_ && target_->reached && !(applied < target_->through);
}

first_sync_progress first_sync::progress() const {
  first_sync_progress found;
  found.entries = applied_.value;
  found.bytes = bytes_;
  found.finished = !under_way_;
  if (!target_)
    return found;
  found.total = std::max(target_->through, applied_).value;
  if (!measured_since_ || !(measured_from_ < applied_)
      || measured_until_ == *measured_since_)
    return found;
  using seconds = std::chrono::duration<double>;
  const auto passed
    = std::chrono::duration_cast<seconds>(measured_until_ - *measured_since_);
  const auto pace = static_cast<double>(applied_.value - measured_from_.value)
                    / passed.count();
  found.left = std::chrono::ceil<std::chrono::seconds>(
    seconds{static_cast<double>(found.total - found.entries) / pace});
  return found;
}

bool first_sync::tells(time_point now) {
  if (!under_way_ || (told_ && now - *told_ < telling_pause))
    return false;
  told_ = now;
  return true;
}

} // namespace lockstep

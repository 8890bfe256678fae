#include "actors/connection.hpp"

#include <numeric>

// What a connection does with what is to be sent.
namespace lockstep {

namespace {

/// Ciphertext that the system is given ahead of what it has sent.
constexpr std::size_t write_window = std::size_t{256} << 10;
/// What is no longer than this overtakes what is.
constexpr std::size_t short_message = std::size_t{4} << 10;
constexpr std::size_t short_messages_most = 1'024;

std::size_t size_of(const message_frames& frames) {
  return std::accumulate(
    frames->begin(), frames->end(), std::size_t{0},
    [](std::size_t sum, const bytes& one) { return sum + one.size(); });
}

} // namespace

void connection_state::enqueue(const message_frames& frames) {
  if (phase_ == phase::closing)
    return;
  const auto size = size_of(frames);
  // What is dropped is asked for again. One message fits whatever its size.
  if (frames->size() == 1 && size <= short_message) {
    if (short_queue_.size() >= short_messages_most)
      return;
    short_queue_.push_back(frames);
  } else {
    if (!queue_.empty()
        && queued_bytes_ + size > setup_->limits.send_queue_limit)
      return;
    queue_.push_back(frames);
    queued_bytes_ += size;
  }
  pump();
}

void connection_state::pump() {
  while (phase_ == phase::session && in_flight_ < write_window && send_next())
    ;
}

bool connection_state::send_next() {
  if (frames_sent_ == 0 && !short_queue_.empty()) {
    const auto next = std::move(short_queue_.front());
    short_queue_.pop_front();
    return send_plain(next->front());
  }
  if (queue_.empty())
    return false;
  const auto frames = queue_.front();
  if (frames_sent_ < frames->size()) {
    const auto& frame = (*frames)[frames_sent_++];
    queued_bytes_ -= frame.size();
    if (!send_plain(frame))
      return false;
  }
  if (frames_sent_ == frames->size()) {
    frames_sent_ = 0;
    queue_.pop_front();
  }
  return true;
}

bool connection_state::send_plain(std::span<const std::uint8_t> plain) {
  const auto written = tls_->write(plain);
  flush_output();
  if (!written)
    finish(written.error());
  return written.has_value();
}

void connection_state::flush_output() {
  const auto output = tls_->take_output();
  if (output.empty())
    return;
  auto& buffer = self_->wr_buf(handle_);
  buffer.insert(buffer.end(), output.begin(), output.end());
  in_flight_ += output.size();
  self_->flush(handle_);
}

} // namespace lockstep

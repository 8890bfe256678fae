#include "apps/cli/progress_bar.hpp"

#include <algorithm>
#include <utility>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto line_pause = 5s;
constexpr std::uint64_t cells = 24;

} // namespace

progress_bar::progress_bar(output out, std::string doing, std::string what)
  : out_(std::move(out)), doing_(std::move(doing)), what_(std::move(what)),
    began_(std::chrono::steady_clock::now()), said_(began_) {
}

progress_bar::~progress_bar() {
  out_.clear_progress();
}

void progress_bar::show(std::uint64_t finished, std::uint64_t total,
                        std::uint64_t bytes) {
  const auto text = line(finished, total, bytes);
  out_.progress(text);
  const auto now = std::chrono::steady_clock::now();
  if (out_.shows_progress() || now - said_ < line_pause)
    return;
  said_ = now;
  out_.say(text);
}

std::string progress_bar::line(std::uint64_t finished, std::uint64_t total,
                               std::uint64_t bytes) const {
  const auto counted = with_commas(finished);
  const auto size = bytes == 0 ? std::string{} : ", " + bytes_text(bytes);
  if (total == 0)
    return doing_ + ": " + counted + " " + what_ + size;
  const auto share = std::min(finished, total);
  const auto full = share * cells / total;
  auto text = doing_ + " [" + std::string(full, '#')
              + std::string(cells - full, '.') + "] " + counted + " of "
              + with_commas(total) + " " + what_ + size;
  const auto passed = std::chrono::steady_clock::now() - began_;
  if (share == 0 || share == total || passed < 1s)
    return text;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(
    passed * (total - share) / share);
  return text + ", about " + std::to_string(left.count()) + " s left";
}

} // namespace lockstep::cli

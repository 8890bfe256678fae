#include "protocol/log_draft.hpp"

#include "protocol/chain.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

/// What an entry takes beside its image, about.
constexpr std::size_t entry_bytes = 256;

} // namespace

log_draft::log_draft(ballot under, log_head head, std::size_t memory,
                     std::unique_ptr<entry_overflow> overflow)
  : under_(under), start_(head), memory_(memory),
    overflow_(std::move(overflow)), held_from_(head.position.sequence + 1),
    open_from_(held_from_), last_(head.position.sequence), handed_out_(last_),
    chain_(head.chain) {
}

sequence_number log_draft::add(entry what) {
  if (overflow_ && held_bytes_ > memory_) {
    overflow_->put(held_);
    held_.clear();
    held_bytes_ = 0;
    held_from_ = last_ + 1;
  }
  last_ = last_ + 1;
  what.sequence = last_;
  what.ballot = under_;
  held_bytes_ += what.data.size() + entry_bytes;
  held_.push_back(std::move(what));
  return last_;
}

void log_draft::close_transaction() {
  if (last_ < open_from_)
    return;
  if (open_from_ < held_from_)
    overflow_->close(open_from_, last_);
  for (auto i = held_at(std::max(open_from_, held_from_)); i < held_.size();
       ++i)
    held_[i].transaction_end = last_;
  open_from_ = last_ + 1;
}

void log_draft::abandon_transaction() {
  if (open_from_ < held_from_) {
    overflow_->cut(open_from_);
    held_.clear();
    held_bytes_ = 0;
    held_from_ = open_from_;
  } else {
    held_.resize(held_at(open_from_));
  }
  last_ = open_from_ - 1;
}

std::optional<entry> log_draft::find(sequence_number at) const {
  if (!(start_.position.sequence < at) || last_ < at)
    return std::nullopt;
  if (!(at < held_from_))
    return held_[held_at(at)];
  return std::move(overflow_->read(at, 1).front());
}

std::vector<entry> log_draft::read(sequence_number first) const {
  if (last_ < first)
    return {};
  if (first < held_from_)
    return overflow_->read(first, piece_entries);
  return {held_.begin() + static_cast<std::ptrdiff_t>(held_at(first)),
          held_.end()};
}

std::shared_ptr<const std::vector<entry>> log_draft::only_piece() {
  if (!only_piece_)
    only_piece_ = std::make_shared<const std::vector<entry>>(next_piece());
  return only_piece_;
}

std::vector<entry> log_draft::next_piece() {
  const auto next = handed_out_ + 1;
  auto list
    = next < held_from_ || last_ < next ? read(next) : std::exchange(held_, {});
  for (auto& what : list)
    what.chain = chain_ = chain_of(chain_, what);
  if (!list.empty())
    handed_out_ = list.back().sequence;
  return list;
}

} // namespace lockstep

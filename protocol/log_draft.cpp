#include "protocol/log_draft.hpp"

#include "protocol/chain.hpp"

namespace lockstep {

log_draft::log_draft(ballot under, log_head head)
  : under_(under), start_(head) {
}

sequence_number log_draft::add(entry what) {
  what.sequence = start_.position.sequence + (list_.size() + 1);
  what.ballot = under_;
  list_.push_back(std::move(what));
  return list_.back().sequence;
}

void log_draft::close_transaction() {
  if (closed_ == list_.size())
    return;
  const auto end = list_.back().sequence;
  auto chain = closed_ == 0 ? start_.chain : list_[closed_ - 1].chain;
  for (; closed_ < list_.size(); ++closed_) {
    auto& what = list_[closed_];
    what.transaction_end = end;
    what.chain = chain = chain_of(chain, what);
  }
}

void log_draft::abandon_transaction() {
  list_.resize(closed_);
}

log_head log_draft::head() const {
  if (list_.empty())
    return start_;
  return {list_.back().position(), list_.back().chain};
}

const entry* log_draft::find(sequence_number at) const {
  const auto first = start_.position.sequence + 1;
  if (at < first || at.value - first.value >= list_.size())
    return nullptr;
  return &list_[at.value - first.value];
}

} // namespace lockstep

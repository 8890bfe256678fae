#include "protocol/follower_pull.hpp"

#include <algorithm>
#include <memory>
#include <utility>

// What becomes of entries that came.
namespace lockstep {

bool follower_pull::accept(log_position since, std::span<const entry> list,
                           const served_end& end, time_point now,
                           replication_effects& out) {
  if (since != context_.head) {
    auto mine = std::find_if(list.begin(), list.end(), [this](const entry& e) {
      return e.position() == context_.head;
    });
    if (mine == list.end())
      return false;
    list = list.subspan(static_cast<std::size_t>(mine - list.begin()) + 1);
  }
  if (!in_order(list))
    return false;
  auto was_confirmed = confirmed_;
  probing_ = false;
  if (list.empty()) {
    leave(end.from);
    confirm(out);
    if (end.tells_accepted && !end.accepted.empty()
        && end.head == context_.head) {
      apply(list, end, out);
      return true;
    }
    expected_ = context_.head;
    hear_accepted(end);
    auto direct = context_.is_up(context_.view.leader);
    auto behind = leader_head_ && context_.head < *leader_head_;
    rest(now);
    if (direct && !behind) {
      attempts_ = 0;
      deadline_.reset();
    }
    return true;
  }
  // The acknowledgement of what was here already goes with the rest.
  confirmed_ = true;
  if (!was_confirmed)
    target_ = leader_head_;
  note_gaps(list);
  apply(list, end, out);
  return true;
}

void follower_pull::apply(std::span<const entry> list, const served_end& end,
                          replication_effects& out) {
  phase_ = phase::applying;
  taking_from_ = end.from;
  deadline_.reset();
  attempts_ = 0;
  expected_ = list.empty() ? context_.head : list.back().position();
  apply_entries wish{
    context_.view.ballot,
    context_.head,
    std::make_shared<const std::vector<entry>>(list.begin(), list.end()),
    {},
    end.forgotten};
  // Before all that they speak of is here, they would keep operations out that
  // no log may ever hold.
  if (end.tells_accepted && end.head == expected_)
    wish.accepted = end.accepted;
  hear_accepted(end);
  out.push_back(std::move(wish));
}

void follower_pull::hear_accepted(const served_end& end) {
  if (end.tells_accepted && end.head == expected_)
    wants_accepted_ = passed_gap_ = false;
}

void follower_pull::note_gaps(std::span<const entry> list) {
  auto before = context_.head.sequence;
  for (const auto& e : list) {
    if (e.sequence != before + 1)
      wants_accepted_ = passed_gap_ = true;
    before = e.sequence;
  }
}

bool follower_pull::in_order(std::span<const entry> list) const {
  auto before = context_.head;
  for (const auto& e : list) {
    if (e.sequence <= before.sequence || e.ballot < before.ballot
        || e.ballot > context_.view.ballot)
      return false;
    before = e.position();
  }
  return true;
}

void follower_pull::change_source(time_point now, replication_effects& out) {
  const bool may_stay = began_with_ != taking_from_
                        && context_.is_up(began_with_)
                        && context_.is_member(began_with_);
  leave(taking_from_);
  if (may_stay || !speaks_for_leader(taking_from_)) {
    stays_with_it_ = may_stay;
    attempts_ = may_stay ? 0 : refusals_;
    refusals_ = std::min(refusals_ + 1, most_attempts);
    rest(now);
    return;
  }
  phase_ = phase::yielding;
  expected_ = {};
  deadline_.reset();
  out.push_back(yield_log{context_.view.ballot, {}});
}

void follower_pull::leave(device_id source) {
  if (began_with_ != source)
    return;
  began_with_ = {};
  stays_with_it_ = false;
}

} // namespace lockstep

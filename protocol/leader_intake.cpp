#include "protocol/leader_intake.hpp"

#include <utility>

namespace lockstep {

void leader_intake::restart() {
  for (auto& [device, state] : peers_)
    state.waiting.clear();
}

void leader_intake::on_propose(device_id from, const propose& wish,
                               replication_effects& out) {
  auto refused = proposal_ack{wish.ballot, {}, true, false};
  if (!context_.leads() || wish.ballot != context_.view.ballot
      || wish.operations.empty()) {
    answer(from, refused, out);
    return;
  }
  auto& state = peers_[from];
  if (state.running
      && state.waiting.size() >= context_.settings.proposal_queue_limit) {
    answer(from, refused, out);
    return;
  }
  sequence_operations what{
    from, wish.ballot,
    std::make_shared<const std::vector<operation>>(wish.operations),
    wish.follows, wish.tables};
  if (state.running)
    state.waiting.push_back(std::move(what));
  else
    run(std::move(what), out);
}

void leader_intake::on_sequenced(device_id from,
                                 const expected<operations_sequenced>& result,
                                 replication_effects& out) {
  auto found = peers_.find(from);
  if (found == peers_.end() || !found->second.running)
    return;
  auto& state = found->second;
  auto under = *std::exchange(state.running, std::nullopt);
  if (context_.leads() && under == context_.view.ballot) {
    auto through = result ? result->through : device_sequence_number{};
    const bool lacks_more
      = !result && result.error().code == errc::log_conflict;
    answer(from, proposal_ack{under, through, !result, lacks_more}, out);
  }
  if (state.waiting.empty()) {
    peers_.erase(found);
    return;
  }
  auto next = std::move(state.waiting.front());
  state.waiting.pop_front();
  run(std::move(next), out);
}

void leader_intake::on_peer_down(device_id device) {
  auto found = peers_.find(device);
  if (found != peers_.end())
    found->second.waiting.clear();
}

void leader_intake::run(sequence_operations what, replication_effects& out) {
  peers_[what.from].running = what.under;
  out.push_back(std::move(what));
}

void leader_intake::answer(device_id to, proposal_ack what,
                           replication_effects& out) const {
  if (context_.is_up(to))
    out.push_back(replication_send{to, what});
}

} // namespace lockstep

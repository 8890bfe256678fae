#include "protocol/leader_intake.hpp"

#include <utility>

namespace lockstep {

void leader_intake::restart() {
  for (auto& [device, state] : peers_)
    state.waiting.clear();
}

void leader_intake::on_propose(device_id from, const propose& wish,
                               replication_effects& out) {
  auto refused = proposal_ack{wish.ballot, {}, true};
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
  auto list = std::make_shared<const std::vector<operation>>(wish.operations);
  if (state.running)
    state.waiting.push_back(std::move(list));
  else
    run(from, std::move(list), out);
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
    answer(from, proposal_ack{under, through, !result}, out);
  }
  if (state.waiting.empty()) {
    peers_.erase(found);
    return;
  }
  auto next = std::move(state.waiting.front());
  state.waiting.pop_front();
  run(from, std::move(next), out);
}

void leader_intake::on_peer_down(device_id device) {
  auto found = peers_.find(device);
  if (found != peers_.end())
    found->second.waiting.clear();
}

void leader_intake::run(device_id from, operation_list list,
                        replication_effects& out) {
  peers_[from].running = context_.view.ballot;
  out.push_back(
    sequence_operations{from, context_.view.ballot, std::move(list)});
}

void leader_intake::answer(device_id to, proposal_ack what,
                           replication_effects& out) const {
  if (context_.is_up(to))
    out.push_back(replication_send{to, what});
}

} // namespace lockstep

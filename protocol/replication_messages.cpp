#include "protocol/replication.hpp"

#include <algorithm>

// What the machine does with each message of a peer.
namespace lockstep {

void replication_machine::receive(device_id from, const heartbeat& news,
                                  time_point now, replication_effects& out) {
  if (!is_my_leader(from, news.ballot))
    return;
  announced(news.stable, news.held, news.vacuum);
  pull_.on_announced(news.head, now, out);
}

void replication_machine::receive(device_id from, const new_entries& news,
                                  time_point now, replication_effects& out) {
  if (!is_my_leader(from, news.ballot))
    return;
  announced(news.stable, news.held, news.vacuum);
  pull_.on_new_entries(news, now, out);
}

void replication_machine::receive(device_id from, const fetch_entries& wish,
                                  time_point now, replication_effects& out) {
  // An asker with an older ballot is answered under ours and so learns of it.
  // Who has not matched its own log with the leader's has nothing to say.
  if (wish.ballot > context_.view.ballot || !confirmed()
      || !context_.is_member(from) || is_on_its_way(from, wish, now))
    return;
  auto [running, first] = serving_.try_emplace(from);
  if (!first) {
    running->second = wish;
    return;
  }
  auto limit = std::clamp(wish.limit, 1U, context_.settings.catch_up_limit);
  out.push_back(
    replication_serve{from, context_.view.ballot,
                      serve_entries{wish.since, limit, wish.wants_accepted}});
}

bool replication_machine::is_on_its_way(device_id to, const fetch_entries& wish,
                                        time_point now) const {
  const auto found = answered_.find(to);
  return found != answered_.end() && found->second.since == wish.since
         && now < found->second.until;
}

void replication_machine::receive(device_id from, const entries& answer,
                                  time_point now, replication_effects& out) {
  if (context_.follows() && is_current(answer.ballot))
    pull_.on_entries(from, answer, now, out);
}

void replication_machine::receive(device_id from, const sync_required& answer,
                                  time_point now, replication_effects& out) {
  if (context_.follows() && is_current(answer.ballot))
    pull_.on_sync_required(from, answer, now, out);
}

void replication_machine::receive(device_id from, const acknowledge& news,
                                  time_point now, replication_effects& out) {
  if (context_.leads() && is_current(news.ballot))
    feed_.on_acknowledge(from, news.through, now, out);
}

void replication_machine::receive(device_id from, const propose& wish,
                                  time_point, replication_effects& out) {
  intake_.on_propose(from, wish, out);
}

void replication_machine::receive(device_id from, const proposal_ack& answer,
                                  time_point now, replication_effects&) {
  if (is_my_leader(from, answer.ballot))
    proposer_.on_proposal_ack(answer, now);
}

void replication_machine::receive(device_id from, const hello& what,
                                  time_point now, replication_effects& out) {
  if (context_.is_up(from))
    out.push_back(replication_send{from, greeting<welcome>()});
  greeted(from, what.ballot, what.head, now, out);
}

void replication_machine::receive(device_id from, const welcome& what,
                                  time_point now, replication_effects& out) {
  greeted(from, what.ballot, what.head, now, out);
}

void replication_machine::greeted(device_id from, const ballot& known,
                                  log_position head, time_point now,
                                  replication_effects& out) {
  if (context_.leads())
    feed_.on_greeting(from, now, out);
  else if (is_my_leader(from, known))
    pull_.on_announced(head, now, out);
}

} // namespace lockstep

#include "tests/protocol/replication_notebook.hpp"

namespace lockstep::testing {

namespace {

replication_start start_of(log_position head, replication_settings settings) {
  replication_start result;
  result.self = notebook::device(notebook::self);
  result.settings = settings;
  result.head = head;
  for (std::uint8_t i = 1; i <= 3; ++i)
    result.members.push_back(member{notebook::device(i), "", false});
  return result;
}

std::string text(log_position at) {
  return std::to_string(at.ballot.term.value) + "."
         + std::to_string(at.sequence.value);
}

template <class List> std::string range(const List& list) {
  if (list.empty())
    return "nothing";
  return text(list.front().position()) + " to " + text(list.back().position());
}

std::string range(const std::vector<operation>& list) {
  return std::to_string(list.front().device_sequence.value) + " to "
         + std::to_string(list.back().device_sequence.value);
}

struct say {
  std::string operator()(const hello&) const {
    return "hello";
  }
  std::string operator()(const welcome&) const {
    return "welcome";
  }
  std::string operator()(const new_entries& m) const {
    auto result = "log ends at " + text(m.head);
    if (!m.inline_entries.empty())
      result += ", with " + range(m.inline_entries);
    return result;
  }
  std::string operator()(const fetch_entries& m) const {
    return "fetch " + std::to_string(m.limit) + " after " + text(m.since);
  }
  std::string operator()(const entries& m) const {
    return "entries after " + text(m.since) + ": " + range(m.list);
  }
  std::string operator()(const sync_required& m) const {
    return "no match at " + text(m.since) + ", try " + text(m.try_at);
  }
  std::string operator()(const acknowledge& m) const {
    return "have " + text(m.through);
  }
  std::string operator()(const propose& m) const {
    return "propose " + range(m.operations);
  }
  std::string operator()(const proposal_ack& m) const {
    return m.refused ? "refused"
                     : "sequenced through " + std::to_string(m.through.value);
  }
  template <class Other> std::string operator()(const Other&) const {
    return "something else";
  }
};

struct effect_text {
  std::string operator()(const replication_send& e) const {
    return std::to_string(int{e.to.bytes[0]}) + "< "
           + std::visit(say{}, e.message);
  }
  std::string operator()(const replication_serve& e) const {
    return "serve " + std::to_string(int{e.to.bytes[0]}) + " after "
           + text(e.request.since);
  }
  std::string operator()(const apply_entries& e) const {
    return "apply " + (e.list->empty() ? "nothing" : range(*e.list)) + " after "
           + text(e.follows) + (e.accepted.empty() ? "" : " and all numbers");
  }
  std::string operator()(const yield_log& e) const {
    return "yield after " + std::to_string(e.keep.value);
  }
  std::string operator()(const find_match& e) const {
    return e.try_at.sequence.value > 1'000'000 ? "where does the log end"
                                               : "match at " + text(e.try_at);
  }
  std::string operator()(const fetch_pending& e) const {
    return "read pending after " + std::to_string(e.after.value);
  }
  std::string operator()(const sequence_operations& e) const {
    return "sequence " + range(*e.list);
  }
  std::string operator()(const stable_advanced& e) const {
    return "stable " + std::to_string(e.stable.value);
  }
  std::string operator()(const majority_advanced& e) const {
    return "held " + std::to_string(e.through.value);
  }
  std::string operator()(const first_sync_target& e) const {
    return "first sync to " + std::to_string(e.through.value)
           + (e.reached ? " is over" : "");
  }
  std::string operator()(const vacuum_bound_moved& e) const {
    return "vacuum through " + std::to_string(e.now.through.value);
  }
};

} // namespace

notebook::notebook(log_position head, replication_settings settings)
  : machine(start_of(head, settings)) {
}

device_id notebook::device(std::uint8_t number) {
  device_id result;
  result.bytes[0] = number;
  return result;
}

ballot notebook::ballot(std::uint64_t term, std::uint8_t leader) {
  return {term_number{term}, device(leader)};
}

log_position notebook::at(std::uint64_t term, std::uint64_t sequence) {
  if (sequence == 0)
    return {};
  return {ballot(term, other), sequence_number{sequence}};
}

log_head notebook::head_at(std::uint64_t term, std::uint64_t sequence) {
  return {at(term, sequence), 0};
}

std::vector<entry> notebook::entries_of(std::uint64_t term, std::uint64_t first,
                                        std::uint64_t last) {
  std::vector<entry> result;
  for (auto i = first; i <= last; ++i) {
    entry e;
    e.sequence = sequence_number{i};
    e.ballot = ballot(term, other);
    result.push_back(e);
  }
  return result;
}

std::vector<operation>
notebook::operations(std::uint8_t of, std::uint64_t first, std::uint64_t last) {
  std::vector<operation> result;
  for (auto i = first; i <= last; ++i) {
    operation o;
    o.device = device(of);
    o.device_sequence = device_sequence_number{i};
    result.push_back(o);
  }
  return result;
}

std::string notebook::follow(std::uint64_t term, std::uint8_t leader) {
  leadership_view view;
  view.ballot = ballot(term, leader);
  view.leader = device(leader);
  return write_down(machine.on_role(view, now));
}

std::string notebook::lead(std::uint64_t term) {
  leadership_view view;
  view.role = role::leader;
  view.ballot = ballot(term, self);
  view.leader = device(self);
  return write_down(machine.on_role(view, now));
}

std::string notebook::up(std::uint8_t peer) {
  return write_down(machine.on_peer_up(device(peer), now));
}

std::string notebook::down(std::uint8_t peer) {
  return write_down(machine.on_peer_down(device(peer), now));
}

std::string notebook::hear(std::uint8_t peer, const peer_message& message) {
  return write_down(machine.on_message(device(peer), message, now));
}

std::string notebook::pass(duration time) {
  now += time;
  return write_down(machine.on_tick(now));
}

std::string notebook::pass_until_due() {
  auto due = machine.deadline();
  if (!due)
    return "nothing is due";
  now = *due;
  return write_down(machine.on_tick(now));
}

std::string notebook::write_down(const replication_effects& list) const {
  std::string result;
  for (const auto& effect : list) {
    if (std::holds_alternative<vacuum_bound_moved>(effect) && !tells_vacuum)
      continue;
    if (!result.empty())
      result += "; ";
    result += std::visit(effect_text{}, effect);
  }
  return result;
}

} // namespace lockstep::testing

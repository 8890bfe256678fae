#include "actors/sync_log.hpp"

#include "actors/errors.hpp"

#include <algorithm>
#include <tuple>

namespace lockstep {

namespace {

failure closed_log() {
  return {errc::closed, "The sync log is closed; open the library again."};
}

/// The number of entries to read, from what was asked for.
expected<std::uint32_t> fetch_limit(std::optional<std::uint32_t> asked,
                                    const log_settings& limits) {
  auto limit = asked.value_or(limits.fetch_default);
  if (limit == 0 || limit > limits.fetch_most)
    return fail(errc::invalid_argument,
                "A fetch of " + std::to_string(limit)
                  + " entries is not possible; ask for 1 to "
                  + std::to_string(limits.fetch_most) + " at a time.");
  return limit;
}

expected<entry_list> as_list(expected<std::vector<entry>> entries) {
  return std::move(entries).map(
    [](std::vector<entry> list) { return entry_list{std::move(list)}; });
}

expected<entry_list> fetch_after(const sync_log_reader& log,
                                 const fetch_since& request,
                                 const log_settings& limits) {
  return fetch_limit(request.limit, limits).and_then([&](std::uint32_t limit) {
    return as_list(log.fetch_since(request.since, limit));
  });
}

expected<entry_list> fetch_between(const sync_log_reader& log,
                                   const fetch_range& request,
                                   const log_settings& limits) {
  if (request.last < request.first)
    return fail(errc::invalid_argument,
                "The range from " + to_string(request.first) + " to "
                  + to_string(request.last)
                  + " ends before it begins; swap its ends.");
  return as_list(
    log.fetch_range(request.first, request.last, limits.fetch_most));
}

/// A peer's limit is cut to ours instead of refused: its settings are its own.
std::uint32_t serving_limit(std::uint32_t asked, const log_settings& limits) {
  return asked == 0 ? limits.fetch_default : std::min(asked, limits.fetch_most);
}

expected<served_entries> serve(const sync_log_reader& log,
                               const serve_entries& request,
                               const log_settings& limits) {
  served_entries answer;
  auto head = log.head();
  if (!head)
    return tl::make_unexpected(head.error());
  answer.head = head->position;
  auto vacuumed = log.vacuumed_through();
  if (!vacuumed)
    return tl::make_unexpected(vacuumed.error());
  answer.vacuumed_through = *vacuumed;

  auto held = log.head_at(request.since.sequence);
  if (!held)
    return tl::make_unexpected(held.error());
  answer.matches
    = held->has_value()
      && (!request.since.sequence || (*held)->position == request.since);
  if (!answer.matches)
    return log.last_at_or_before(request.since).map([&](log_position at) {
      answer.try_at = at;
      return answer;
    });
  answer.try_at = (*held)->position;
  auto forgotten = log.forgotten();
  if (!forgotten)
    return tl::make_unexpected(forgotten.error());
  answer.forgotten = *forgotten;
  auto list = log.fetch_since(request.since.sequence,
                              serving_limit(request.limit, limits));
  if (!list)
    return tl::make_unexpected(list.error());
  answer.list = std::move(*list);
  const auto end
    = answer.list.empty() ? request.since : answer.list.back().position();
  if (!request.wants_accepted || end != answer.head)
    return answer;
  return log.accepted().map([&](std::vector<accepted_range> ranges) {
    answer.accepted = std::move(ranges);
    return std::move(answer);
  });
}

expected<entry_list> history_of(const sync_log_reader& log,
                                const record_history& request) {
  return as_list(request.latest
                   ? log.record_history(request.latest)
                   : log.record_history(request.model, request.record));
}

expected<log_head> append(sync_log_store& log, const append_entries& request) {
  if (!request.list)
    return fail(errc::invalid_argument,
                "There is nothing to append; give at least one entry.");
  return log.append(request.under, request.follows, *request.list,
                    request.accepted, request.forgotten);
}

expected<progress_list> progress_of(const sync_log_reader& log) {
  return log.progress().map([](std::vector<member_progress> members) {
    return progress_list{std::move(members)};
  });
}

using self_pointer = sync_log_actor::stateful_pointer<sync_log_state>;

/// Between two steps of a vacuum that nobody waits for.
constexpr auto vacuum_rest = std::chrono::milliseconds{10};

void end_vacuum(self_pointer self, const failure& why) {
  auto& vacuum = self->state.vacuum;
  if (vacuum)
    vacuum->promise.deliver(to_error(why));
  vacuum.reset();
}

caf::typed_response_promise<vacuum_result>
begin_vacuum(self_pointer self, const vacuum_old_entries& request) {
  auto& state = self->state;
  auto promise = self->make_response_promise<vacuum_result>();
  if (!state.store) {
    promise.deliver(to_error(closed_log()));
    return promise;
  }
  if (state.vacuum && state.vacuum->in_background && !request.in_background)
    end_vacuum(self, {errc::cancelled, "Another vacuum was asked for."});
  if (state.vacuum) {
    promise.deliver(to_error(
      {errc::busy, "The log is being vacuumed; try again once that is over."}));
  } else {
    state.vacuum.emplace(sync_log_state::vacuum_under_way{
      sync_log_vacuum{*state.store, request}, promise, request.in_background});
    self->send(self, vacuum_turn{++state.vacuums});
  }
  return promise;
}

void go_on_with_vacuum(self_pointer self, const vacuum_turn& turn) {
  auto& vacuum = self->state.vacuum;
  if (!vacuum || turn.vacuum != self->state.vacuums)
    return;
  const auto more = vacuum->work.step();
  if (more.value_or(false)) {
    if (vacuum->in_background)
      self->delayed_send(self, vacuum_rest, turn);
    else
      self->send(self, turn);
    return;
  }
  if (more)
    vacuum->promise.deliver(vacuum->work.result());
  else
    vacuum->promise.deliver(to_error(more.error()));
  vacuum.reset();
}

failure changed_log() {
  return {errc::cancelled, "The log was cut or a member changed meanwhile;"
                           " vacuum it again."};
}

void close(self_pointer self) {
  auto& state = self->state;
  end_vacuum(self, closed_log());
  state.store.reset();
  self->quit();
}

} // namespace

sync_log_actor::behavior_type
sync_log(sync_log_actor::stateful_pointer<sync_log_state> self,
         std::shared_ptr<sync_log_store> store, log_settings limits) {
  self->state.store = std::move(store);
  self->state.limits = limits;
  // Every handler answers through here: with what `work` gives, or `closed`.
  auto answer = [self](auto work) {
    auto& state = self->state;
    using result = decltype(work(*state.store, state.limits));
    return to_result(state.store ? work(*state.store, state.limits)
                                 : result{tl::make_unexpected(closed_log())});
  };
  return {
    [answer](const append_entries& request) {
      return answer([&](sync_log_store& log, const log_settings&) {
        return append(log, request);
      });
    },
    [answer](const append_draft& request) {
      return answer([&](sync_log_store& log, const log_settings&) {
        return log.append(request.under, request.follows, *request.source);
      });
    },
    [answer](const fetch_since& request) {
      return answer([&](sync_log_store& log, const log_settings& limits) {
        return fetch_after(log, request, limits);
      });
    },
    [answer](const fetch_range& request) {
      return answer([&](sync_log_store& log, const log_settings& limits) {
        return fetch_between(log, request, limits);
      });
    },
    [answer](const serve_entries& request) {
      return answer([&](sync_log_store& log, const log_settings& limits) {
        return serve(log, request, limits);
      });
    },
    [answer](const find_match& request) {
      return answer([&](sync_log_store& log, const log_settings&) {
        return log.last_at_or_before(request.try_at);
      });
    },
    [answer](latest_sequence) {
      return answer([](sync_log_store& log, const log_settings&) {
        return log.latest_sequence();
      });
    },
    [answer](count_entries) {
      return answer(
        [](sync_log_store& log, const log_settings&) { return log.count(); });
    },
    [answer](const record_history& request) {
      return answer([&](sync_log_store& log, const log_settings&) {
        return history_of(log, request);
      });
    },
    [self](const vacuum_old_entries& request) {
      return begin_vacuum(self, request);
    },
    [self](const vacuum_turn& turn) { go_on_with_vacuum(self, turn); },
    [self](stop_vacuum) { end_vacuum(self, changed_log()); },
    [self, answer](const truncate_after& request) {
      end_vacuum(self, changed_log());
      return answer([&](sync_log_store& log, const log_settings&) {
        return log.truncate_after(request.keep);
      });
    },
    [answer](read_head) {
      return answer(
        [](sync_log_store& log, const log_settings&) { return log.head(); });
    },
    [answer](const store_leadership& request) {
      return answer([&](sync_log_store& log, const log_settings&) {
        return log.store_leadership(request.record).map([] { return done{}; });
      });
    },
    [answer](read_leadership) {
      return answer([](sync_log_store& log, const log_settings&) {
        return log.leadership();
      });
    },
    [self](const store_progress& request) {
      // Lost progress costs a repeated answer, nothing else.
      if (self->state.store)
        std::ignore = self->state.store->store_progress(request.members);
    },
    [answer](read_progress) {
      return answer([](sync_log_store& log, const log_settings&) {
        return progress_of(log);
      });
    },
    [self](close_log) {
      close(self);
      return done{};
    },
  };
}

} // namespace lockstep

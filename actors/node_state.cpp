#include "actors/node_state.hpp"

#include "actors/errors.hpp"
#include "actors/logging.hpp"
#include "persistence/library_files.hpp"
#include "persistence/library_repair.hpp"
#include "protocol/backoff.hpp"

#include <algorithm>

namespace lockstep {

namespace {

constexpr std::chrono::seconds closing_patience{10};
constexpr std::chrono::seconds reopen_first{1};
constexpr std::chrono::minutes reopen_most{1};

/// The sentence, with what to do in place of what it says of that.
std::string advise_repair(std::string sentence, const library_folder& folder) {
  if (const auto advice = sentence.rfind("; "); advice != std::string::npos)
    sentence.erase(advice);
  while (sentence.ends_with('.'))
    sentence.pop_back();
  return sentence + "; mend it with lockstep repair \""
         + folder.description.name + "\".";
}

} // namespace

std::vector<caf::actor> node_state::all_of(const open_library_actors& actors) {
  const auto& handles = actors.handles;
  return {caf::actor_cast<caf::actor>(handles.leadership),
          caf::actor_cast<caf::actor>(handles.replication),
          caf::actor_cast<caf::actor>(handles.indexer),
          caf::actor_cast<caf::actor>(handles.library),
          caf::actor_cast<caf::actor>(handles.log),
          caf::actor_cast<caf::actor>(actors.follower)};
}

void node_state::start(node_actor::pointer self, node_setup setup) {
  self_ = self;
  setup_ = std::move(setup);
  if (!setup_.matching_folder)
    setup_.matching_folder = [](const bulk_operation& what) {
      std::error_code ignored;
      std::optional<std::filesystem::path> found{what.path};
      if (what.path.empty() || !std::filesystem::is_directory(*found, ignored))
        found.reset();
      return found;
    };
  gateway_ = self->spawn(
    gateway, gateway_setup{setup_.identity.id, setup_.network, setup_.env});
}

timestamp node_state::wall_timestamp() const {
  return timestamp::from(setup_.env.unix_ms(self_->clock().now(), {}), 0);
}

void node_state::publish(library_id library, event_body body) {
  self_->send(setup_.events, event{library, std::move(body)});
}

caf::typed_response_promise<library_handles> node_state::open(library_id id) {
  if (auto found = open_.find(id); found != open_.end()) {
    if (found->second.closing)
      return answer_once_ready(fail(
        errc::busy, "The library is just closing; try again in a moment."));
    return answer_once_ready(found->second.handles);
  }
  auto folder = open_library_folder(setup_.directory->library_path(id));
  if (!folder)
    return answer_once_ready(tl::make_unexpected(folder.error()));
  return answer_once_ready(open_folder(*folder));
}

caf::typed_response_promise<library_handles>
node_state::answer_once_ready(expected<library_handles> opened) {
  auto promise = self_->make_response_promise<library_handles>();
  if (!opened) {
    promise.deliver(to_error(opened.error()));
    return promise;
  }
  // Leadership has told the library its role once it answers this, so that
  // what the host does next meets the role that it sees.
  self_->request(opened->leadership, closing_patience, read_leader{})
    .then([promise, handles = *opened](
            const leadership_view&) mutable { promise.deliver(handles); },
          [promise](caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

expected<library_handles>
node_state::open_folder(const library_folder& folder) {
  if (closing_)
    return fail(errc::closed, "The node is shutting down.");
  if (folder.description.device != setup_.identity.id)
    return fail(errc::invalid_argument,
                "The library folder " + folder.path.string()
                  + " is a copy from device "
                  + to_string(folder.description.device)
                  + "; remove it and join the library instead.");
  auto handles = check_no_repair_begun(folder)
                   .and_then([&] { return check_database(folder); })
                   .and_then([&] { return check_library_files(folder); })
                   .and_then([&] { return spawn_library(folder); });
  if (!handles) {
    const auto cause = cause_of(handles.error(), folder);
    return cause.code == errc::corrupt
             ? fail(cause.code, advise_repair(cause.message, folder))
             : tl::make_unexpected(cause);
  }
  auto& actors = open_.at(handles->id);
  for (const auto& actor : all_of(actors)) {
    self_->monitor(actor);
    actors.alive.insert(actor.address());
  }
  reopening_.erase(handles->id);
  publish(handles->id, library_opened{handles->name});
  logger().info("library {}: opened as \"{}\"", to_string(handles->id),
                handles->name);
  return handles;
}

caf::typed_response_promise<done> node_state::close_one(library_id id) {
  auto promise = self_->make_response_promise<done>();
  auto found = open_.find(id);
  // Whoever closes a library that failed does not want it back.
  if (reopening_.erase(id) != 0)
    promise.deliver(done{});
  else if (found == open_.end())
    promise.deliver(
      to_error({errc::not_found, "The library is not open on this device."}));
  else if (found->second.closing)
    promise.deliver(to_error({errc::busy, "The library is closing already."}));
  else
    close_in_order(id, [promise]() mutable { promise.deliver(done{}); });
  return promise;
}

void node_state::close_in_order(library_id id, std::function<void()> then,
                                std::shared_ptr<expected<void>> detached) {
  auto& actors = open_.at(id);
  actors.closing = true;
  // A walk under way is answered; being killed, it would not be.
  self_->send_exit(actors.handles.indexer, caf::exit_reason::user_shutdown);
  const auto handles = actors.handles;
  // Each step goes on whether or not the one before it was answered: a stuck
  // part must not keep the others' files open.
  using step = std::function<void()>;
  auto ask = [this](const auto& actor, const auto& what, const step& next) {
    self_->request(actor, closing_patience, what)
      .then([next](const done&) { next(); },
            [next](const caf::error&) { next(); });
  };
  step over = [this, id, then] {
    end(id, {errc::none, {}}, then);
  };
  step log = [=] {
    ask(handles.log, close_log{}, over);
  };
  step tables = [=] {
    ask(handles.library, close_library{}, log);
  };
  if (detached)
    tables = [=, this, close = tables] {
      self_->request(handles.library, caf::infinite, detach_database{})
        .then([close](const done&) { close(); },
              [close, detached](const caf::error& why) {
                *detached = tl::make_unexpected(to_failure(why));
                close();
              });
    };
  step entries = [=] {
    ask(handles.replication, close_library{}, tables);
  };
  step peers = [=, this] {
    ask(gateway_, detach_library{id}, entries);
  };
  ask(handles.leadership, step_down{}, peers);
}

void node_state::end(library_id id, const failure& why,
                     std::function<void()> then) {
  auto& actors = open_.at(id);
  actors.closing = true;
  actors.reason = why;
  actors.then = std::move(then);
  for (const auto& actor : all_of(actors))
    self_->send_exit(actor, caf::exit_reason::kill);
  closed_if_ended(id);
}

void node_state::closed_if_ended(library_id id) {
  const auto& actors = open_.at(id);
  if (!actors.then || !actors.alive.empty())
    return;
  const auto over = open_.extract(id);
  publish(id, library_closed{over.mapped().reason});
  logger().info("library {}: closed", to_string(id));
  over.mapped().then();
  finish_close();
}

void node_state::crash(const caf::error& why) {
  closing_ = true;
  auto take_down = [this](const caf::actor& actor) {
    self_->monitor(actor);
    dying_.insert(actor.address());
    self_->send_exit(actor, caf::exit_reason::kill);
  };
  for (auto& [id, actors] : open_) {
    for (const auto& actor : all_of(actors))
      take_down(actor);
  }
  take_down(caf::actor_cast<caf::actor>(gateway_));
  open_.clear();
  gateway_ = nullptr;
  logger().debug("node {}: taken down: {}", to_string(setup_.identity.id),
                 caf::to_string(why));
}

void node_state::lost(const caf::actor_addr& actor, const caf::error& why) {
  if (!dying_.empty()) {
    dying_.erase(actor);
    if (dying_.empty())
      self_->quit(caf::exit_reason::kill);
    return;
  }
  const auto found
    = std::find_if(open_.begin(), open_.end(), [&](const auto& one) {
        return one.second.alive.contains(actor);
      });
  if (found == open_.end())
    return;
  const auto id = found->first;
  found->second.alive.erase(actor);
  if (found->second.closing) {
    closed_if_ended(id);
    return;
  }
  const auto reason = to_failure(why);
  logger().error("library {}: an actor failed, it will be reopened: {}",
                 to_string(id), reason.message);
  caf::anon_send(gateway_, detach_library{id});
  end(id, reason, [this, id] { reopen_later(id); });
}

void node_state::reopen_later(library_id id) {
  if (closing_)
    return;
  const auto attempt = failures_[id]++;
  reopening_[id] = attempt;
  self_->delayed_send(node_actor{self_},
                      doubling_wait(reopen_first, attempt, reopen_most),
                      reopen_library{id, attempt});
}

void node_state::reopen(const reopen_library& what) {
  const auto wanted = reopening_.find(what.library);
  if (closing_ || wanted == reopening_.end() || wanted->second != what.attempt)
    return;
  auto opened
    = open_library_folder(setup_.directory->library_path(what.library))
        .and_then(
          [this](const library_folder& folder) { return open_folder(folder); });
  if (opened)
    return;
  logger().error("library {}: cannot be reopened: {}", to_string(what.library),
                 opened.error().message);
  reopen_later(what.library);
}

caf::result<library_list> node_state::list() const {
  auto found = setup_.directory->libraries();
  if (!found)
    return to_error(found.error());
  auto is_open = [this](library_id id) {
    const auto one = open_.find(id);
    return one != open_.end() && !one->second.closing;
  };
  library_list answer;
  for (const auto& folder : found->libraries)
    answer.libraries.push_back({folder.description.id, folder.description.name,
                                is_open(folder.description.id),
                                folder.database_file(),
                                folder.is_database_elsewhere()});
  answer.unreadable = found->unreadable;
  return answer;
}

caf::typed_response_promise<done> node_state::close() {
  auto promise = self_->make_response_promise<done>();
  close_promises_.push_back(promise);
  if (!closing_) {
    closing_ = true;
    std::vector<library_id> ids;
    for (const auto& [id, actors] : open_)
      if (!actors.closing)
        ids.push_back(id);
    for (const auto& id : ids)
      close_in_order(id, [] {});
  }
  finish_close();
  return promise;
}

void node_state::finish_close() {
  if (!closing_ || !open_.empty())
    return;
  auto over = [this] {
    for (auto& promise : close_promises_)
      promise.deliver(done{});
    close_promises_.clear();
    gateway_ = nullptr;
    self_->quit();
  };
  self_->request(gateway_, closing_patience, close_gateway{})
    .then([over](const done&) { over(); },
          [over](const caf::error&) { over(); });
}

} // namespace lockstep

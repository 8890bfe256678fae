#include "apps/cli/pairing.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/library_view.hpp"
#include "apps/cli/open_device.hpp"
#include "apps/cli/progress_bar.hpp"
#include "config/settings_text.hpp"

#include <future>
#include <memory>
#include <thread>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto longest_invitation = 24h;
/// How long the first sync may stand still before a command gives up.
constexpr auto first_sync_patience = 60s;
constexpr auto look_pause = 20ms;

struct invite_arguments {
  std::string library;
  std::string expires = "10m";
  std::optional<std::string> listen;
};

struct join_arguments {
  std::string invitation;
  std::optional<std::string> database;
};

expected<std::chrono::milliseconds> lifetime_of(const std::string& text) {
  const auto given = parse_duration(text);
  if (!given)
    return tl::make_unexpected(given.error());
  if (*given < 1s || *given > longest_invitation)
    return fail(errc::invalid_argument,
                "An invitation is open for 1s to 24h; give --expires"
                " something in between.");
  return std::chrono::duration_cast<std::chrono::milliseconds>(*given);
}

void show(const output& out, const invitation_offer& made) {
  out.answer(
    {{"invitation", made.text}, {"expires_at", time_text(made.expires_at)}},
    made.text + "\n");
}

/// Stays until the guest of an invitation has the whole log, or time is over.
expected<void> wait_for_guest(const output& out, library& into,
                              std::future<paired_device> guest,
                              std::chrono::milliseconds lifetime) {
  if (guest.wait_for(lifetime) != std::future_status::ready)
    return fail(errc::timed_out,
                "Nobody used the invitation while it was open; make another"
                " one.");
  const auto who = guest.get();
  out.say("\"" + who.name
          + "\" joined; its person sees these words, if nobody"
            " is in between: "
          + who.verification);
  const auto end = clock::now() + first_sync_patience;
  while (clock::now() < end) {
    const auto now = into.replication().get();
    if (!now)
      return tl::make_unexpected(now.error());
    for (const auto& one : now->peers)
      if (one.device == who.device && one.acknowledged && now->leader_sequence
          && *one.acknowledged >= *now->leader_sequence)
        return {};
    std::this_thread::sleep_for(look_pause);
  }
  return fail(errc::timed_out, "\"" + who.name
                                 + "\" is a member now, but has not fetched"
                                   " everything; run lockstep serve.");
}

/// Listens by itself for one guest.
expected<void> invite_here(const options& given, const invite_arguments& what,
                           std::chrono::milliseconds lifetime) {
  auto joined = std::make_shared<std::promise<paired_device>>();
  network_place place{*what.listen};
  // An invitation lets in one device only.
  place.paired = [joined](const paired_device& news) {
    joined->set_value(news);
  };
  auto device = open_device::at(given, std::move(place));
  if (!device)
    return tl::make_unexpected(device.error());
  auto into = device->open(what.library);
  if (!into)
    return tl::make_unexpected(into.error());
  const auto made = device->node().invite(*into, lifetime);
  if (!made)
    return tl::make_unexpected(made.error());
  show(given.out(), *made);
  return wait_for_guest(given.out(), *into, joined->get_future(), lifetime);
}

expected<void> invite(const options& given, const invite_arguments& what) {
  const auto lifetime = lifetime_of(what.expires);
  if (!lifetime)
    return tl::make_unexpected(lifetime.error());
  if (!given.served && what.listen)
    return invite_here(given, what, *lifetime);
  if (!given.served)
    return fail(errc::closed,
                "No serve runs on this data directory, so nobody could use an"
                " invitation; start lockstep serve first, or give --listen.");
  if (what.listen)
    given.out().warn("lockstep: serve listens here already; --listen has no"
                     " effect.");
  return with_library(given, what.library, [&](library& into) {
    return given.served->device->invite(into, *lifetime)
      .map([&](const invitation_offer& made) { show(given.out(), made); });
  });
}

/// Returns once all that the leader had is here and applied.
expected<void> wait_for_first_sync(const output& out, library& of) {
  progress_bar bar{out, "first sync", "entries"};
  sequence_number before;
  auto moved = clock::now();
  while (!out.is_over()) {
    const auto now = view_of(of);
    if (!now)
      return tl::make_unexpected(now.error());
    if (now->holds_all() && !now->status.first_sync)
      return {};
    if (before < now->status.applied) {
      before = now->status.applied;
      moved = clock::now();
    }
    if (clock::now() - moved > first_sync_patience)
      return fail(errc::timed_out,
                  "This device is a member of \"" + of.name()
                    + "\" now, but has not heard more of its log for a minute;"
                      " run lockstep serve on both devices.");
    show_progress(bar, *now);
    std::this_thread::sleep_for(look_pause);
  }
  return {};
}

expected<void> join(const options& given, const join_arguments& what) {
  const auto database = database_path(given, what.database);
  if (!database)
    return tl::make_unexpected(database.error());
  auto device = open_device::at(given, network_place{});
  if (!device)
    return tl::make_unexpected(device.error());
  auto joined = device->node().join(what.invitation, *database);
  if (!joined)
    return tl::make_unexpected(joined.error());
  auto& of = joined->what;
  const auto out = given.out();
  out.say("paired; the other device shows the same words, if nobody is in"
          " between: "
          + joined->verification);
  if (auto synced = wait_for_first_sync(out, of); !synced)
    return synced;
  out.answer({{"library", to_string(of.id())},
              {"name", of.name()},
              {"verification", joined->verification}},
             "joined \"" + of.name() + "\"; its database is "
               + of.database().string() + "\n");
  return {};
}

} // namespace

void add_pairing(commands& all) {
  auto offer = std::make_shared<invite_arguments>();
  auto& inviting = add_about_library(
    all, offer, "invite",
    "Invite one device into a library. Where no serve runs, --listen waits\n"
    "until it has joined",
    "lockstep invite photos --expires 10m", invite);
  inviting
    .add_option("--expires", offer->expires,
                "How long the invitation can be used")
    ->type_name("TIME")
    ->capture_default_str();
  inviting
    .add_option("--listen", offer->listen,
                "Where to take the connection when no serve runs")
    ->type_name("HOST:PORT");

  auto taken = std::make_shared<join_arguments>();
  auto& joining = all.add(
    "join", "Take up an invitation: pair, and become a member of the library",
    "lockstep join lockstep:CgJ... --database photos.sqlite",
    [taken](const options& given) { return join(given, *taken); });
  joining
    .add_option("invitation", taken->invitation,
                "The line that lockstep invite shows on the other device")
    ->type_name("INVITATION")
    ->required();
  add_database_option(joining, taken->database);
}

} // namespace lockstep::cli

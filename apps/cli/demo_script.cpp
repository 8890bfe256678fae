#include "apps/cli/demo_script.hpp"

#include "apps/embedded/record_ids.hpp"
#include "protocol/conflict.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lockstep::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

milliseconds since(steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

void expect(bool holds, const std::string& otherwise) {
  if (!holds)
    throw step_failed{otherwise};
}

settings phone(settings limits) {
  limits.leadership.priority = -1;
  return limits;
}

template <class T> T named(const char* name) {
  T made;
  made.uuid = make_record_id();
  made.name = name;
  return made;
}

/// The bulk entries of a log.
std::vector<entry> bulk_entries(library& of) {
  std::vector<entry> found;
  sequence_number at;
  for (;;) {
    const auto page = got(of.fetch_since(at, 1'000));
    for (const auto& what : page)
      if (what.change == change_type::bulk)
        found.push_back(what);
    if (page.empty())
      return found;
    at = page.back().sequence;
  }
}

} // namespace

demo_script::demo_script(std::filesystem::path folder,
                         const std::filesystem::path& below,
                         const settings& limits, output out)
  : out_(out), devices_{
                 demo_device{runtime_, "A", below / "a", limits},
                 demo_device{runtime_, "B", below / "b", limits},
                 demo_device{runtime_, "C", below / "c", phone(limits)}} {
  report_.folder = std::move(folder);
}

demo_report demo_script::run() {
  take("three devices", &demo_script::meet);
  take("index", &demo_script::index);
  take("organize", &demo_script::organize);
  take("edit offline", &demo_script::edit_apart);
  take("kill the leader", &demo_script::lose_leader);
  take("write on", &demo_script::write_on);
  take("come back", &demo_script::return_leader);
  take("compare", &demo_script::compare);
  return report_;
}

void demo_script::take(const char* name, step what) {
  if (!report_.steps.empty() && !report_.ok())
    return;
  demo_step taken{name, false, {}, {}};
  const auto start = steady_clock::now();
  try {
    taken.what = (this->*what)();
    taken.ok = true;
  } catch (const step_failed& failed) {
    taken.what = failed.what();
  }
  taken.took = since(start);
  out_.clear_progress();
  out_.say(to_text(taken));
  report_.steps.push_back(std::move(taken));
}

std::string demo_script::meet() {
  for (auto& device : devices_)
    device.start();
  a_.create_library("demo");
  a_.share_with(b_);
  a_.share_with(c_);
  for (auto& device : devices_)
    eventually(
      [&] {
        const auto now = device.status();
        return now.members.size() == devices_.size()
               && now.leadership.leader == a_.id();
      },
      "Device " + device.name() + " does not see three members that A leads.");
  return "A made the library \"demo\", leads it, and let B and C in";
}

void demo_script::watch_indexing(demo_device& of, std::uint64_t files) {
  for (;;) {
    const auto now = of.progress().next(std::chrono::seconds{60});
    if (!now)
      throw step_failed{"Device " + of.name()
                        + " reported no progress for a minute."};
    if (!now->finished) {
      out_.progress("  " + of.name() + " indexes: " + with_commas(now->files)
                    + " files");
      continue;
    }
    expect(now->outcome.code == errc::none, now->outcome.message);
    expect(files == 0 || now->files == files,
           "Device " + of.name() + " found " + with_commas(now->files)
             + " files where A found " + with_commas(files)
             + "; does something write to the folder?");
    return;
  }
}

std::string demo_script::index() {
  auto root = named<location>("demo folder");
  root.device_id = to_string(a_.id());
  root.path = report_.folder.string();
  a_.write(root);
  const auto start = steady_clock::now();
  auto indexing = a_.copy().index(root.uuid, root.path);
  watch_indexing(a_, 0);
  const auto found = got(std::move(indexing));
  const auto alone = since(start);
  report_.files = found.files;
  root.total_file_count = found.files;
  root.total_byte_size = found.bytes;
  a_.write(root);
  for (auto* other : {&b_, &c_}) {
    watch_indexing(*other, found.files);
    eventually(
      [&] {
        return other->has<location>(root.uuid)
               && other->load<location>(root.uuid).total_file_count
                    == found.files;
      },
      "Device " + other->name() + " does not show A's location.");
  }
  const auto entries = bulk_entries(c_.copy());
  expect(entries.size() == 1, "The log of C has "
                                + std::to_string(entries.size())
                                + " bulk entries, not one.");
  return "A indexed " + with_commas(found.files) + " files and "
         + with_commas(found.directories) + " folders in "
         + std::to_string(alone.count()) + " ms; one entry of "
         + std::to_string(entries.front().data.size())
         + " bytes told B and C, which indexed their own";
}

std::string demo_script::organize() {
  holiday_ = named<tag>("holiday");
  holiday_.color = "yellow";
  summer_ = named<album>("Summer");
  auto favourites = named<collection>("Favourites");
  favourites.entries = {holiday_.uuid, summer_.uuid};
  user_metadata_tag applied;
  applied.uuid = make_record_id();
  applied.user_metadata_uuid = make_record_id();
  applied.tag_uuid = holiday_.uuid;
  got(b_.copy()
        .transaction()
        .put(holiday_)
        .put(summer_)
        .put(favourites)
        .put(applied)
        .commit(receipt_state::sequenced));
  for (auto& device : devices_) {
    eventually([&] { return device.has<user_metadata_tag>(applied.uuid); },
               "Device " + device.name() + " does not show what B made.");
    holiday_.version = version_number{1};
    summer_.version = favourites.version = applied.version = holiday_.version;
    expect(device.load<tag>(holiday_.uuid) == holiday_
             && device.load<album>(summer_.uuid) == summer_
             && device.load<collection>(favourites.uuid) == favourites
             && device.load<user_metadata_tag>(applied.uuid) == applied,
           "Device " + device.name() + " shows something else than B made.");
  }
  return "B made a tag, an album, a collection and a tagged file in one"
         " transaction; A and C show them";
}

std::string demo_script::edit_apart() {
  runtime_.set_online(c_.id(), false);
  auto green = holiday_;
  green.color = "green";
  auto blue = holiday_;
  blue.color = "blue";
  auto train = named<album>("From the train");
  got(c_.copy().commit(green));
  got(c_.copy().commit(train));
  b_.write(blue);
  eventually([&] { return a_.load<tag>(blue.uuid).color == "blue"; },
             "A does not show B's edit.");
  const auto apart = c_.status();
  expect(apart.pending == 2 && c_.load<tag>(green.uuid).color == "green",
         "C does not show its own edit while it is offline.");
  expect(!a_.has<album>(train.uuid), "A shows what C did offline already.");

  runtime_.set_online(c_.id(), true);
  const auto start = steady_clock::now();
  eventually([&] { return c_.status().pending == 0; },
             "C's edits found no place in the log.");
  const auto took = since(start);
  const auto sequence = c_.status().applied;
  for (auto& device : devices_)
    expect(device.copy().wait_until_synced(sequence, std::chrono::seconds{30}),
           "Device " + device.name() + " did not catch up with C.");
  const auto winner = a_.load<tag>(green.uuid).color;
  for (auto& device : devices_) {
    expect(device.load<tag>(green.uuid).color == winner,
           "Device " + device.name() + " shows another colour than A.");
    expect(device.load<album>(train.uuid).name == train.name,
           "Device " + device.name() + " does not show C's album.");
  }
  expect(winner == "green" || winner == "blue", "Neither colour won.");
  const std::string loser = winner == "green" ? "blue" : "green";
  expect_conflict(loser);
  return "C wrote twice while offline, B changed the same tag; " + winner
         + " won everywhere, " + loser + " is kept as a conflict, after "
         + std::to_string(took.count()) + " ms back online";
}

void demo_script::expect_conflict(const std::string& loser_color) {
  for (auto& device : devices_) {
    const auto all = device.status();
    expect(all.conflicts == 1, "Device " + device.name() + " shows "
                                 + std::to_string(all.conflicts)
                                 + " conflicts, not one.");
    const auto kept = got(device.copy().fetch_since({}, 1'000));
    const bool found
      = std::any_of(kept.begin(), kept.end(), [&](const entry& what) {
          if (what.model != conflict_model)
            return false;
          const auto loser = loser_of(what.data);
          return loser && loser->record == holiday_.uuid
                 && loser->data.find("\"" + loser_color + "\"")
                      != std::string::npos;
        });
    expect(found, "Device " + device.name() + " does not keep the colour "
                    + loser_color + " that lost.");
  }
}

demo_device& demo_script::leading() {
  demo_device* found = nullptr;
  eventually(
    [&] {
      for (auto& device : devices_)
        if (device.running() && device.copy().is_leader())
          found = &device;
      return found != nullptr;
    },
    "No device leads.");
  return *found;
}

std::string demo_script::lose_leader() {
  killed_ = &leading();
  const auto start = steady_clock::now();
  killed_->kill();
  const auto& next = leading();
  const auto took = since(start);
  return killed_->name() + ", which led, was killed; " + next.name()
         + " leads after " + std::to_string(took.count()) + " ms";
}

std::string demo_script::write_on() {
  auto& leader = leading();
  auto& follower = *std::find_if(
    devices_.begin(), devices_.end(), [&](const demo_device& device) {
      return device.running() && device.id() != leader.id();
    });
  after_ = named<tag>("after the change");
  meanwhile_ = named<album>("Meanwhile");
  leader.write(after_);
  follower.write(meanwhile_);
  eventually(
    [&] {
      return leader.has<album>(meanwhile_.uuid)
             && follower.has<tag>(after_.uuid);
    },
    "The two that are left do not show each other's writes.");
  return leader.name() + " and " + follower.name()
         + " each wrote, and show each other's writes";
}

std::string demo_script::return_leader() {
  auto& back = *killed_;
  const auto id = (back.name() == a_.name() ? b_ : a_).copy().id();
  const auto start = steady_clock::now();
  back.start();
  back.open_library(id);
  eventually(
    [&] {
      return back.has<tag>(after_.uuid) && back.has<album>(meanwhile_.uuid);
    },
    back.name() + " did not catch up with what it missed.");
  const auto took = since(start);
  auto again = named<tag>("back again");
  back.write(again);
  for (auto& device : devices_)
    eventually([&] { return device.has<tag>(again.uuid); },
               "Device " + device.name() + " does not show what " + back.name()
                 + " wrote.");
  return back.name() + " came back and had caught up after "
         + std::to_string(took.count()) + " ms; the others show what it wrote";
}

std::string demo_script::compare() {
  eventually(
    [&] {
      const auto first = a_.status();
      return std::all_of(devices_.begin(), devices_.end(),
                         [&](demo_device& device) {
                           const auto now = device.status();
                           return now.pending == 0 && now.head == first.head
                                  && now.applied == now.head.position.sequence;
                         });
    },
    "The devices do not come to the same log.");
  take_standings();
  expect(std::all_of(report_.devices.begin(), report_.devices.end(),
                     [](const demo_standing& one) { return one.equal; }),
         "The devices' logs, tables or indexes differ.");
  return "logs, tables and indexes of all devices are equal, nothing is "
         "pending";
}

void demo_script::take_standings() {
  for (auto& device : devices_) {
    demo_standing one;
    one.name = device.name();
    one.device = device.id();
    one.status = device.status();
    one.digest = got(device.copy().digest());
    one.index = digest_index(device.copy());
    const auto& first = report_.devices.empty() ? one : report_.devices.front();
    one.equal = one.status.pending == 0 && one.status.head == first.status.head
                && one.digest == first.digest && one.index == first.index;
    report_.devices.push_back(std::move(one));
  }
}

} // namespace lockstep::cli

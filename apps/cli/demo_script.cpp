#include "apps/cli/demo_script.hpp"

#include "apps/embedded/record_ids.hpp"
#include "messages/models.hpp"

#include <algorithm>
#include <thread>

namespace lockstep::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long a device may index without a new file.
constexpr std::chrono::seconds indexing_patience{60};

milliseconds since(steady_clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

void expect(bool holds, const std::string& otherwise) {
  if (!holds)
    throw step_failed{otherwise};
}

std::vector<std::string> phone(std::vector<std::string> settings) {
  settings.emplace_back("leadership.priority=-1");
  return settings;
}

std::string new_id() {
  return to_string(make_record_id());
}

/// Text as a literal of SQL.
std::string literal(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'')
      quoted += c;
  }
  return quoted + "'";
}

/// The tables of an application that knows nothing of Lockstep.
std::string tables_of_the_application() {
  std::string all;
  for (const char* one : {syncable_traits<location>::create_table(),
                          syncable_traits<tag>::create_table(),
                          syncable_traits<album>::create_table(),
                          syncable_traits<collection>::create_table(),
                          syncable_traits<user_metadata_tag>::create_table()})
    all += std::string{one} + ";";
  return all;
}

std::string color_of(demo_device& on, const std::string& tag) {
  return on.read("SELECT color FROM tag WHERE uuid = " + literal(tag));
}

} // namespace

demo_script::demo_script(std::filesystem::path folder,
                         const std::filesystem::path& below,
                         const std::vector<std::string>& settings, output out)
  : out_(out), devices_{demo_device{"A", below / "a", settings, out},
                        demo_device{"B", below / "b", settings, out},
                        demo_device{"C", below / "c", phone(settings), out}} {
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

void demo_script::make_tables(demo_device& on) {
  on.execute(tables_of_the_application());
  on.ask({"track", "demo", "--all", "--exclude", "location.scan_state",
          "--policy", "collection=union"});
}

std::string demo_script::meet() {
  for (auto& device : devices_) {
    device.make();
    device.start();
  }
  a_.ask({"library", "create", "demo", "--database", a_.file().string()});
  make_tables(a_);
  for (auto* guest : {&b_, &c_}) {
    const auto invited = a_.ask({"invite", "demo"});
    guest->ask({"join", invited["invitation"].get<std::string>(), "--database",
                guest->file().string()});
    make_tables(*guest);
  }
  for (auto& device : devices_)
    eventually(
      [&] {
        const auto now = device.status();
        return now["members"].size() == devices_.size()
               && now["leader"] == a_.id();
      },
      "Device " + device.name() + " does not see three members that A leads.");
  return "three processes; A made the library \"demo\", leads it, and let B and"
         " C in by invitations";
}

void demo_script::expect_everywhere(const std::string& query,
                                    const std::string& what) {
  std::string first;
  for (auto& device : devices_) {
    if (!device.running())
      continue;
    eventually(
      [&] {
        const auto rows = device.read(query);
        if (first.empty())
          first = rows;
        return !rows.empty() && rows == first;
      },
      "Device " + device.name() + " does not show " + what + ".");
  }
}

void demo_script::watch_indexing(demo_device& of, const index_digest& like) {
  index_digest before;
  auto moved = steady_clock::now();
  for (;;) {
    const auto now = of.digest_index();
    if (now == like)
      return;
    if (now.rows != before.rows) {
      before = now;
      moved = steady_clock::now();
    }
    out_.progress("  " + of.name() + " indexes: " + with_commas(now.rows)
                  + " of " + with_commas(like.rows));
    expect(steady_clock::now() - moved < indexing_patience,
           "Device " + of.name() + " found another index than A, of "
             + with_commas(now.rows) + " files and folders, not "
             + with_commas(like.rows)
             + "; does something write to the folder?");
    std::this_thread::sleep_for(milliseconds{50});
  }
}

std::string demo_script::index() {
  const auto root = new_id();
  const auto path = report_.folder.string();
  a_.execute("INSERT INTO location(uuid, device_id, name, path) VALUES("
             + literal(root) + ", " + literal(a_.id()) + ", 'demo folder', "
             + literal(path) + ")");
  const auto start = steady_clock::now();
  const auto found = a_.ask({"index", "demo", root, path});
  const auto alone = since(start);
  report_.files = found["files"];
  a_.execute("UPDATE location SET total_file_count = " + found["files"].dump()
             + ", total_byte_size = " + found["bytes"].dump());
  const auto like = a_.digest_index();
  for (auto* other : {&b_, &c_})
    watch_indexing(*other, like);
  expect_everywhere("SELECT uuid, total_file_count FROM location"
                    " WHERE total_file_count = "
                      + found["files"].dump(),
                    "A's location");
  const auto bulk = c_.ask_lines({"log", "demo"});
  const auto is_bulk = [](const nlohmann::json& one) {
    return one["change_type"] == "bulk";
  };
  const auto entries = std::count_if(bulk.begin(), bulk.end(), is_bulk);
  expect(entries == 1, "The log of C has " + std::to_string(entries)
                         + " bulk entries, not one.");
  const auto size
    = std::find_if(bulk.begin(), bulk.end(), is_bulk)->at("data").dump().size();
  return "A indexed " + with_commas(report_.files) + " files and "
         + with_commas(found["directories"].get<std::uint64_t>())
         + " folders in " + std::to_string(alone.count()) + " ms; one entry of "
         + std::to_string(size)
         + " bytes told B and C, which indexed their own";
}

std::string demo_script::organize() {
  holiday_ = new_id();
  const auto summer = new_id();
  const auto applied = new_id();
  b_.execute(
    "INSERT INTO tag VALUES(" + literal(holiday_) + ", 'holiday', 'yellow');"
    + "INSERT INTO album(uuid, name) VALUES(" + literal(summer) + ", 'Summer');"
    + "INSERT INTO collection VALUES(" + literal(new_id())
    + ", 'Favourites', json_array(" + literal(holiday_) + ", " + literal(summer)
    + "));"
    + "INSERT INTO user_metadata_tag(uuid, user_metadata_uuid, tag_uuid)"
    + " VALUES(" + literal(applied) + ", " + literal(new_id()) + ", "
    + literal(holiday_) + ")");
  expect_everywhere("SELECT * FROM tag, album, collection, user_metadata_tag",
                    "what B made");
  return "B's application made a tag, an album, a collection and a tagged file"
         " in one transaction; A and C show them";
}

std::string demo_script::edit_apart() {
  c_.stop();
  c_.execute("UPDATE tag SET color = 'green' WHERE uuid = " + literal(holiday_)
             + "; INSERT INTO album(uuid, name) VALUES(" + literal(new_id())
             + ", 'From the train')");
  b_.execute("UPDATE tag SET color = 'blue' WHERE uuid = " + literal(holiday_));
  eventually([&] { return color_of(a_, holiday_) == "blue\n"; },
             "A does not show B's edit.");
  const std::string train = "SELECT * FROM album WHERE name = 'From the train'";
  expect(color_of(c_, holiday_) == "green\n",
         "C does not show its own edit while it is offline.");
  expect(a_.read(train).empty(), "A shows what C did offline already.");

  const auto start = steady_clock::now();
  c_.start();
  c_.ask({"wait", "demo"});
  const auto took = since(start);
  expect_everywhere(train, "C's album");
  for (auto& device : devices_)
    device.ask({"wait", "demo"});
  const auto winner = color_of(a_, holiday_);
  expect(winner == "green\n" || winner == "blue\n", "Neither colour won.");
  for (auto& device : devices_)
    expect(color_of(device, holiday_) == winner,
           "Device " + device.name() + " shows another colour than A.");
  const std::string loser = winner == "green\n" ? "blue" : "green";
  expect_conflict(loser);
  return "C's application wrote twice while nothing of Lockstep ran there, B"
         " changed the same tag; "
         + winner.substr(0, winner.size() - 1) + " won everywhere, " + loser
         + " is kept as a conflict, " + std::to_string(took.count())
         + " ms after C was back";
}

void demo_script::expect_conflict(const std::string& loser_color) {
  for (auto& device : devices_) {
    const auto kept = device.ask({"conflicts", "demo"});
    expect(kept.size() == 1, "Device " + device.name() + " shows "
                               + std::to_string(kept.size())
                               + " conflicts, not one.");
    const auto& one = kept.front();
    expect(one["record_id"] == holiday_
             && one["loser"]["data"]["color"] == loser_color,
           "Device " + device.name() + " does not keep the colour "
             + loser_color + " that lost.");
  }
}

demo_device& demo_script::leading() {
  demo_device* found = nullptr;
  eventually(
    [&] {
      for (auto& device : devices_)
        if (device.running() && device.status()["role"] == "leader")
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
      return device.running() && device.name() != leader.name();
    });
  leader.execute("INSERT INTO tag(uuid, name) VALUES(" + literal(new_id())
                 + ", 'after the change')");
  follower.execute("INSERT INTO album(uuid, name) VALUES(" + literal(new_id())
                   + ", 'Meanwhile')");
  expect_everywhere("SELECT * FROM tag, album WHERE tag.name = 'after the"
                    " change' AND album.name = 'Meanwhile'",
                    "what both that are left wrote");
  return leader.name() + " and " + follower.name()
         + " each wrote, and show each other's writes";
}

std::string demo_script::return_leader() {
  auto& back = *killed_;
  const auto start = steady_clock::now();
  back.start();
  expect_everywhere("SELECT tag.uuid, album.uuid FROM tag, album WHERE tag.name"
                    " = 'after the change' AND album.name = 'Meanwhile'",
                    "what it missed");
  const auto took = since(start);
  back.execute("INSERT INTO tag(uuid, name) VALUES(" + literal(new_id())
               + ", 'back again')");
  expect_everywhere("SELECT * FROM tag WHERE name = 'back again'",
                    "what " + back.name() + " wrote");
  return back.name() + " came back and had caught up after "
         + std::to_string(took.count()) + " ms; the others show what it wrote";
}

std::string demo_script::compare() {
  eventually(
    [&] {
      const auto first = a_.status();
      return std::all_of(
        devices_.begin(), devices_.end(), [&](demo_device& device) {
          const auto now = device.status();
          return now["pending"] == 0 && now["sequence"] == first["sequence"]
                 && now["applied"] == now["sequence"];
        });
    },
    "The devices do not come to the same log.");
  take_standings();
  expect(std::all_of(report_.devices.begin(), report_.devices.end(),
                     [](const demo_standing& one) { return one.equal; }),
         "The devices' logs, tables or indexes differ.");
  return "logs, tables and indexes of all devices are equal, nothing is"
         " pending";
}

void demo_script::take_standings() {
  for (auto& device : devices_) {
    demo_standing one;
    one.name = device.name();
    one.status = device.status();
    one.check = device.ask({"check", "demo"});
    one.index = device.digest_index();
    const auto& first = report_.devices.empty() ? one : report_.devices.front();
    one.equal = one.status["pending"] == 0 && one.check == first.check
                && one.index == first.index;
    report_.devices.push_back(std::move(one));
  }
}

} // namespace lockstep::cli

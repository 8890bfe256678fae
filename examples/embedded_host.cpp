// A program that keeps notes and knows nothing of how they travel:
//   embedded_host DIRECTORY
// Each run adds one note to the library in DIRECTORY and lists all of them.
#include "apps/embedded/node.hpp"
#include "apps/embedded/record_ids.hpp"

#include <iostream>

struct note {
  lockstep::record_id uuid;
  std::string text;
  int stars = 0;
  lockstep::version_number version;
};
LOCKSTEP_FIELDS(note, uuid, text, stars)
LOCKSTEP_SYNCABLE(note, "note", uuid, version, R"sql(
  CREATE TABLE IF NOT EXISTS note (
    uuid TEXT PRIMARY KEY NOT NULL,
    text TEXT NOT NULL,
    stars INTEGER NOT NULL DEFAULT 0))sql")

namespace {

/// The value; ends the program with what went wrong where there is none.
template <class T> T must(lockstep::expected<T> value) {
  if (value)
    return std::move(*value);
  std::cerr << "embedded_host: " << value.error().message << '\n';
  std::exit(1);
}

/// The device's library "notes", made the first time.
lockstep::library open_notes(lockstep::node& device) {
  for (const auto& known : must(device.libraries()))
    if (known.name == "notes")
      return must(device.open_library("notes"));
  return must(device.create_library("notes"));
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: embedded_host DIRECTORY\n";
    return 2;
  }
  lockstep::runtime runtime;
  lockstep::node_options options;
  options.data_directory = arguments[1];
  options.device_name = "example";
  auto device = must(lockstep::node::open(runtime, options));
  auto notes = open_notes(device);
  must(notes.use<note>().get());

  // Called on a thread of Lockstep's, whoever made the change.
  std::promise<std::size_t> seen;
  auto events = device.subscribe(
    [&seen, told = false](const lockstep::event& what) mutable {
      const auto* made = std::get_if<lockstep::entries_committed>(&what.body);
      if (made != nullptr && !std::exchange(told, true))
        seen.set_value(made->list->size());
    });

  note one{lockstep::make_record_id(), "remember the milk", 3, {}};
  const auto receipt = must(notes.commit(one).get());
  std::cout << "committed as operation " << to_string(receipt.last) << ", "
            << seen.get_future().get() << " entry in the log\n";

  for (const auto& each : must(notes.load_all<note>()))
    std::cout << to_string(each.uuid) << "  " << each.text << "  version "
              << to_string(each.version) << '\n';
  const auto now = must(notes.status().get());
  std::cout << "log at " << to_string(now.head.position.sequence) << ", "
            << now.pending << " pending, " << now.members.size()
            << " member(s)\n";
  const bool fine = must(notes.load<note>(one.uuid)).text == one.text
                    && now.pending == 0 && notes.is_leader();
  return fine ? 0 : 1;
}

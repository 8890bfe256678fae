// A program with an actor system of its own lets Lockstep run on it, and one of
// its actors is told what happens to the library:
//   actor_host DIRECTORY
#include "apps/embedded/node.hpp"
#include "apps/embedded/record_ids.hpp"
#include "messages/models.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <iostream>

namespace {

/// The value; ends the program with what went wrong where there is none.
template <class T> T must(lockstep::expected<T> value) {
  if (value)
    return std::move(*value);
  std::cerr << "actor_host: " << value.error().message << '\n';
  std::exit(1);
}

} // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: actor_host DIRECTORY\n";
    return 2;
  }
  caf::actor_system_config config;
  lockstep::runtime::prepare(config);
  caf::actor_system system{config};
  caf::scoped_actor self{system};

  lockstep::runtime runtime{system};
  lockstep::node_options options;
  options.data_directory = arguments[1];
  auto device = must(lockstep::node::open(runtime, options));
  auto library = must(device.create_library("albums"));
  must(library.use<lockstep::album>().get());

  auto events = device.subscribe(
    [listener
     = caf::actor_cast<caf::actor>(self)](const lockstep::event& what) {
      const auto* made = std::get_if<lockstep::entries_committed>(&what.body);
      if (made != nullptr)
        for (const auto& entry : *made->list)
          caf::anon_send(listener, entry.model, entry.sequence.value);
    },
    library.id());

  lockstep::album summer;
  summer.uuid = lockstep::make_record_id();
  summer.name = "Summer";
  must(library.commit(summer).get());

  bool heard = false;
  self->receive_while([&] { return !heard; })(
    [&](const std::string& model, std::uint64_t sequence) {
      std::cout << "entry " << sequence << " of model " << model << '\n';
      heard = model == "album";
    },
    caf::after(std::chrono::seconds{30}) >>
      [] {
        std::cerr << "actor_host: nothing was heard of the commit\n";
        std::exit(1);
      });
  return must(library.load<lockstep::album>(summer.uuid)).name == "Summer" ? 0
                                                                           : 1;
}

#include "apps/cli/init.hpp"

#include "persistence/data_directory.hpp"
#include "persistence/device_certificate.hpp"
#include "persistence/device_identity.hpp"

#include <memory>

#include <unistd.h>

namespace lockstep::cli {

namespace {

/// The machine's name, which most people know it by.
std::string host_name() {
  char text[256] = {};
  if (gethostname(text, sizeof text - 1) != 0 || text[0] == '\0')
    return "device";
  return text;
}

expected<void> make_device(const options& given, const std::string& name) {
  auto path = data_directory_of(given);
  if (!path)
    return tl::make_unexpected(path.error());
  auto directory = data_directory::open(*path);
  if (!directory)
    return tl::make_unexpected(directory.error());
  auto identity
    = open_or_create_identity(*path, name.empty() ? host_name() : name);
  if (!identity)
    return tl::make_unexpected(identity.error());
  if (auto shown = open_or_create_certificate(*path, *identity); !shown)
    return tl::make_unexpected(shown.error());
  const auto fingerprint = fingerprint_of(identity->key);
  given.out().answer({{"device", to_string(identity->id)},
                      {"name", identity->name},
                      {"fingerprint", fingerprint}},
                     "device " + to_string(identity->id) + ", named \""
                       + identity->name + "\", in " + path->string()
                       + "\nfingerprint " + fingerprint + "\n");
  return {};
}

} // namespace

void add_init(commands& all) {
  auto name = std::make_shared<std::string>();
  auto& init = all.add_here(
    "init",
    "Make the device: its key and its id; a second time nothing is changed.\n"
    "The fingerprint shown is the SHA-256 of the device's public key;"
    " the id is\nits first half.",
    "lockstep init --name laptop",
    [name](const options& given) { return make_device(given, *name); });
  init
    .add_option("--name", *name,
                "What people call the device [this machine's name]")
    ->type_name("NAME");
}

} // namespace lockstep::cli

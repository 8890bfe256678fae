#include "tests/fuzz/real_inputs.hpp"

#include "apps/cli/distant_command.hpp"
#include "tests/fuzz/sealed_text.hpp"
#include "tests/transport/random_messages.hpp"
#include "transport/announcement_codec.hpp"
#include "transport/codec.hpp"
#include "transport/invitation_text.hpp"
#include "transport/link_codec.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace lockstep {

namespace {

constexpr std::uint64_t seed = 1;

bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

std::string numbered(const std::string& name, std::size_t number) {
  return name + "-" + (number < 10 ? "0" : "") + std::to_string(number);
}

void add_messages(std::map<std::string, bytes>& to) {
  random_messages random{seed};
  for (std::size_t kind = 0; kind < message_kinds; ++kind)
    for (const char* which : {"a", "b"})
      to["message/" + numbered("kind", kind) + which]
        = encode(random.make(kind)).value();
}

std::vector<link_message> link_messages() {
  const std::vector<std::string> addresses{"192.168.1.7:4711",
                                           "[fe80::1]:4711"};
  digest_bytes proof{};
  proof.fill(0x5a);
  return {
    link_greeting{},
    link_greeting{1, 1, link_purpose::session, "Cleo", addresses},
    link_greeting{2, 1, link_purpose::pairing, "Ann's laptop", {}},
    link_refused{"your version of Lockstep is too old; update it."},
    join_request{library_id{{7}}, proof, "Bob's phone", addresses},
    join_accepted{proof, "photos", device_id{{9}}, "Ann's laptop", addresses}};
}

void add_links(std::map<std::string, bytes>& to) {
  const auto all = link_messages();
  for (std::size_t i = 0; i < all.size(); ++i)
    to["link/" + numbered("step", i)] = encode(all[i]);
}

void add_streams(std::map<std::string, bytes>& to) {
  random_messages random{seed};
  const auto add = [&](const std::string& name, const frame_limits& limits,
                       std::size_t longest) {
    bytes stream;
    for (std::size_t kind = 0; kind < message_kinds; kind += 3) {
      auto message = encode(random.make(kind)).value();
      message.resize(std::min(message.size(), longest));
      const auto frames = split(message, limits).value();
      for (const auto& frame : frames)
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    to["frames/" + name] = stream;
  };
  add("whole", {}, 200);
  add("pieces", {16, 64}, 60);
  add("empty", {}, 0);
}

void add_invitations(std::map<std::string, bytes>& to) {
  invitation given;
  given.library = library_id{{7}};
  given.library_name = "photos";
  given.fingerprint.fill(0x11);
  given.secret.fill(0x22);
  given.expires_at = wall_time{std::chrono::milliseconds{1'790'000'000'000}};
  given.addresses = {"192.168.1.7:4711", "[fe80::1]:4711"};
  const auto text = to_text(given);
  to["invitation/text"] = bytes_of(text);
  to["invitation/copied"] = bytes_of("  " + text + "\r\n");
  to["invitation/content"] = bytes_of(unsealed_text(text));
}

void add_commands(std::map<std::string, bytes>& to) {
  const std::vector<cli::distant_command> all{
    {{"status", "--json"}, "/home/ann", true, false},
    {{"write", "photos", "UPDATE note SET done = 1"}, "", false, true}};
  for (std::size_t i = 0; i < all.size(); ++i)
    to["command/" + numbered("run", i)] = bytes_of(cli::to_text(all[i]));
}

void add_announcements(std::map<std::string, bytes>& to) {
  const auto said = encode(announcement{device_id{{9, 8, 7}}, 47'477});
  bytes now{said.begin(), said.end()};
  to["announcement/now"] = now;
  now.insert(now.end(), {1, 2, 3});
  to["announcement/later"] = now;
}

} // namespace

std::map<std::string, bytes> real_inputs() {
  std::map<std::string, bytes> made;
  add_messages(made);
  add_links(made);
  add_streams(made);
  add_invitations(made);
  add_commands(made);
  add_announcements(made);
  return made;
}

} // namespace lockstep

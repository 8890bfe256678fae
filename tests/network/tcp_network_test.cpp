#include "tests/network/tcp_devices.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <random>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class tcp_network_test : public tcp_devices {
protected:
  /// A socket that is connected to a device and no device's.
  static file_descriptor stranger(const tcp_device& to) {
    file_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(
      std::stoi(to.place.address.substr(to.place.address.rfind(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.number(), reinterpret_cast<sockaddr*>(&address),
                  sizeof address)
        != 0)
      throw std::runtime_error{"connect"};
    return socket;
  }

  /// Whether the other side ends the connection within that time.
  static bool is_ended(const file_descriptor& socket,
                       std::chrono::milliseconds within) {
    const auto end = std::chrono::steady_clock::now() + within;
    char bytes[256];
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
      pollfd waited{socket.number(), POLLIN, 0};
      if (left.count() <= 0
          || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0)
        return false;
      if (::recv(socket.number(), bytes, sizeof bytes, 0) <= 0)
        return true;
    }
  }

  /// Carries bytes between a socket and TLS until `enough`, or the socket's
  /// end.
  template <class Predicate>
  static void exchange(const file_descriptor& socket, tls_session& tls,
                       Predicate enough) {
    for (;;) {
      const auto out = tls.take_output();
      if (!out.empty())
        static_cast<void>(
          !::send(socket.number(), out.data(), out.size(), MSG_NOSIGNAL));
      if (enough())
        return;
      std::array<std::uint8_t, 4096> in{};
      const auto got = ::recv(socket.number(), in.data(), in.size(), 0);
      if (got <= 0)
        return;
      static_cast<void>(
        !tls.feed(std::span{in}.first(static_cast<std::size_t>(got))));
    }
  }

  static void tell(const file_descriptor& socket, std::string_view what) {
    static_cast<void>(
      !::send(socket.number(), what.data(), what.size(), MSG_NOSIGNAL));
  }
};

TEST_F(tcp_network_test, pairs_by_an_invitation_and_begins_a_session) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  const auto given = invite(ann);
  ASSERT_TRUE(given) << given.error().message;
  const auto joined = join(bob, *given);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(joined->library, photos);
  EXPECT_EQ(joined->library_name, "photos");
  EXPECT_EQ(joined->from, ann.id());
  ASSERT_EQ(ann.let_in->size(), 1u);
  EXPECT_EQ(ann.let_in->front().member.device, bob.id());
  EXPECT_EQ(ann.let_in->front().certificate, bob.certificate);
  EXPECT_EQ(ann.let_in->front().addresses, bob.place.advertised);
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(tcp_network_test, carries_frames_both_ways_in_order) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  bytes large(std::size_t{5} << 20);
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<std::uint8_t>(i * 7 + i / 1000);
  say(ann, bob, large);
  say(ann, bob, {1, 2, 3});
  say(bob, ann, large);
  auto all = large;
  all.insert(all.end(), {1, 2, 3});
  EXPECT_TRUE(eventually([&] { return bob.heard->from(ann.id()) == all; }));
  EXPECT_TRUE(eventually([&] { return ann.heard->from(bob.id()) == large; }));
}

TEST_F(tcp_network_test, a_busy_machine_reads_all_there_is) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  std::atomic<bool> busy = true;
  std::vector<std::thread> others;
  for (int i = 0; i < 6; ++i)
    others.emplace_back([&] {
      while (busy)
        ;
    });
  const bytes medium(10'000, 1);
  const bytes heartbeat{2};
  const std::size_t count = 1'000;
  const std::size_t expected = count * (medium.size() + heartbeat.size());
  auto sessions = [&] {
    return std::pair{ann.heard->ups(), bob.heard->ups()};
  };
  // Where both dialled at once, one session takes the other's place, and what
  // is on its way then is lost: it is said again in the one that stays.
  bool heard_all = false;
  bool is_another = true;
  while (!heard_all && is_another) {
    const auto begun = sessions();
    const auto ann_had = ann.heard->from(bob.id()).size();
    const auto bob_had = bob.heard->from(ann.id()).size();
    for (std::size_t i = 0; i < count; ++i)
      for (const auto* what : {&medium, &heartbeat}) {
        say(ann, bob, *what);
        say(bob, ann, *what);
      }
    // A sign of life may be among it.
    heard_all
      = eventually([&] {
          is_another = sessions() != begun;
          return is_another
                 || (ann.heard->from(bob.id()).size() >= ann_had + expected
                     && bob.heard->from(ann.id()).size() >= bob_had + expected);
        })
        && !is_another;
  }
  EXPECT_TRUE(heard_all) << ann.heard->from(bob.id()).size() << " and "
                         << bob.heard->from(ann.id()).size() << " of "
                         << expected << " bytes, sessions: " << ann.heard->ups()
                         << ", " << bob.heard->ups();
  busy = false;
  for (auto& one : others)
    one.join();
}

TEST_F(tcp_network_test, short_messages_overtake_long_ones_that_wait) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  const bytes large(std::size_t{5} << 20, 1);
  const bytes heartbeat{2};
  for (int i = 0; i < 3; ++i)
    say(ann, bob, large);
  say(ann, bob, heartbeat);
  EXPECT_TRUE(eventually(
    [&] { return bob.heard->from(ann.id()).size() == 3 * large.size() + 1; }));
  const auto all = bob.heard->from(ann.id());
  const auto at = std::find(all.begin(), all.end(), 2) - all.begin();
  EXPECT_EQ(at % static_cast<std::ptrdiff_t>(large.size()), 0);
  EXPECT_LT(at, static_cast<std::ptrdiff_t>(3 * large.size()));
}

TEST_F(tcp_network_test, knows_its_devices_again_after_a_restart) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  stop(ann);
  EXPECT_TRUE(eventually([&] { return !bob.heard->is_up(ann.id()); }));
  // Ann's address is a new one; she knows Bob's.
  start("ann");
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(tcp_network_test, keeps_one_session_when_both_dial_at_once) {
  limits.redial_first = 1ms;
  limits.redial_most = 1ms;
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  std::this_thread::sleep_for(500ms);
  const auto before = std::pair{ann.heard->ups(), bob.heard->ups()};
  std::this_thread::sleep_for(1s);
  // It has settled, and is no to and fro.
  EXPECT_EQ(before, std::pair(ann.heard->ups(), bob.heard->ups()));
  EXPECT_TRUE(are_linked(ann, bob));
  say(ann, bob, {1});
  say(bob, ann, {2});
  EXPECT_TRUE(
    eventually([&] { return bob.heard->from(ann.id()) == bytes{1}; }));
  EXPECT_TRUE(
    eventually([&] { return ann.heard->from(bob.id()) == bytes{2}; }));
}

TEST_F(tcp_network_test, lets_nobody_in_without_trust) {
  auto& ann = start("ann");
  {
    // Eve knows Ann's address and certificate; Ann does not know Eve.
    const auto data = folder / "eve";
    static_cast<void>(open_or_create_identity(data, "eve").value());
    auto trusted = trusted_devices::open(data).value();
    ASSERT_TRUE(
      trusted.put({ann.id(), "ann", ann.certificate, ann.place.advertised}));
  }
  auto& eve = start("eve");
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(ann.heard->is_up(eve.id()));
  EXPECT_FALSE(eve.heard->is_up(ann.id()));
  EXPECT_EQ(ann.heard->ups(), 0);
}

TEST_F(tcp_network_test, an_invitation_is_for_one_device) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  auto& eve = start("eve");
  const auto given = invite(ann).value();
  ASSERT_TRUE(join(bob, given));
  const auto again = join(eve, given);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::not_member);
  EXPECT_EQ(ann.let_in->size(), 1u);
}

TEST_F(tcp_network_test, an_invitation_ends) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  const auto given = invite(ann, 100ms).value();
  std::this_thread::sleep_for(150ms);
  const auto late = join(bob, given);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::not_member);
  EXPECT_TRUE(ann.let_in->empty());
}

TEST_F(tcp_network_test, five_wrong_secrets_end_an_invitation) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  const auto right = invite(ann).value();
  std::mt19937_64 random{1};
  for (int i = 0; i < 1'000; ++i) {
    auto guess = right;
    for (auto& byte : guess.secret)
      byte = static_cast<std::uint8_t>(random());
    const auto tried = join(bob, guess);
    ASSERT_FALSE(tried);
    EXPECT_EQ(tried.error().code, errc::not_member) << tried.error().message;
  }
  EXPECT_FALSE(join(bob, right));
  EXPECT_TRUE(ann.let_in->empty());
  EXPECT_FALSE(bob.heard->is_up(ann.id()));
  // A new one works again.
  EXPECT_TRUE(join(bob, invite(ann).value()));
}

TEST_F(tcp_network_test, somebody_in_between_is_found_out) {
  auto& ann = start("ann");
  auto& eve = start("eve");
  auto& bob = start("bob");
  auto given = invite(ann).value();
  ASSERT_TRUE(invite(eve));
  // Whoever sits on the way to Ann answers with a key of its own.
  given.addresses = eve.place.advertised;
  const auto joined = join(bob, given);
  ASSERT_FALSE(joined);
  EXPECT_THAT(joined.error().message, HasSubstr("Another device"));
  EXPECT_TRUE(ann.let_in->empty());
  EXPECT_TRUE(eve.let_in->empty());
  // Nor does one that is sure to be Eve's and has Ann's secret say anything
  // about Ann's: Eve does not know it.
  given.fingerprint = digest_of(eve.identity.key);
  const auto with_eve = join(bob, given);
  ASSERT_FALSE(with_eve);
  EXPECT_TRUE(eve.let_in->empty());
}

TEST_F(tcp_network_test, nobody_answers_at_a_wrong_address) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  auto given = invite(ann).value();
  given.addresses = {"127.0.0.1:1"};
  const auto joined = join(bob, given);
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, errc::timed_out);
  EXPECT_THAT(joined.error().message, HasSubstr("127.0.0.1:1"));
  given.addresses.clear();
  EXPECT_FALSE(join(bob, given));
}

TEST_F(tcp_network_test, a_member_that_was_removed_is_let_go) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  caf::anon_send(ann.network, introduce_members{
                                photos, {{{bob.id(), "bob", true}, {}, {}}}});
  EXPECT_TRUE(eventually([&] { return !ann.heard->is_up(bob.id()); }));
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(ann.heard->is_up(bob.id()));
  EXPECT_FALSE(bob.heard->is_up(ann.id()));
  EXPECT_EQ(trusted_devices::open(folder / "ann")->find(bob.id()), nullptr);
}

TEST_F(tcp_network_test, meets_members_that_the_log_names) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  const auto introduce = [&](tcp_device& to, const tcp_device& other) {
    caf::anon_send(to.network,
                   introduce_members{photos,
                                     {{{other.id(), other.identity.name, false},
                                       other.certificate,
                                       other.place.advertised}}});
  };
  introduce(ann, bob);
  introduce(bob, ann);
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(tcp_network_test, a_broken_link_is_dropped) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  const auto before = bob.heard->ups();
  caf::anon_send(ann.network, drop_link{ann.id(), bob.id()});
  EXPECT_TRUE(eventually([&] { return bob.heard->ups() > before; }));
}

TEST_F(tcp_network_test, a_device_that_breaks_the_protocol_is_kept_out) {
  offences.first = 400ms;
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  // Both may have dialled: then one session takes the place of the other.
  auto ups = ann.heard->ups();
  do {
    ups = ann.heard->ups();
    std::this_thread::sleep_for(500ms);
  } while (ups != ann.heard->ups());
  auto least = offences.first;
  for (int i = 0; i < 3; ++i, least *= 2) {
    const auto before = ann.heard->ups();
    caf::anon_send(
      ann.network,
      drop_link{ann.id(), bob.id(), {errc::protocol_violation, "Nonsense."}});
    const auto begin = std::chrono::steady_clock::now();
    // Bob dials at once; neither he nor Ann herself changes that.
    ASSERT_TRUE(eventually([&] { return ann.heard->ups() > before; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, least);
  }
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(tcp_network_test, a_device_that_says_something_out_of_order_is_too) {
  offences.first = 1h;
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  stop(bob);
  // Bob's key in other hands.
  const auto socket = stranger(ann);
  const auto key = read_file(bob.identity.key_file).value();
  tls_session tls{tls_credentials::load(bob.certificate, key).value(),
                  tls_role::client};
  exchange(socket, tls, [&] { return tls.is_ready(); });
  const auto nonsense = split(bytes{1, 2, 3}).value().front();
  ASSERT_TRUE(tls.write(nonsense));
  exchange(socket, tls, [&] { return tls.peer_closed(); });
  start("bob");
  std::this_thread::sleep_for(1s);
  EXPECT_FALSE(ann.heard->is_up(bob.id()));
}

TEST_F(tcp_network_test, an_address_that_breaks_the_protocol_is_kept_out) {
  offences.first = 3s;
  auto& ann = start("ann");
  const auto scanner = stranger(ann);
  tell(scanner, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_ended(scanner, 30s));
  // Else it would have its ten seconds.
  EXPECT_TRUE(eventually([&] { return is_ended(stranger(ann), 200ms); }));
  EXPECT_TRUE(eventually([&] { return !is_ended(stranger(ann), 200ms); }));
}

TEST_F(tcp_network_test, an_address_that_a_device_came_from_stays_open) {
  offences.first = 1h;
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  // Ann herself may have dialled; from now on he has come to her.
  stop(bob);
  start("bob");
  ASSERT_TRUE(eventually([&] { return are_linked(ann, bob); }));
  for (int i = 0; i < 3; ++i) {
    const auto scanner = stranger(ann);
    tell(scanner, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(is_ended(scanner, 30s));
  }
  std::this_thread::sleep_for(200ms);
  stop(bob);
  start("bob");
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(tcp_network_test, devices_tell_each_other_where_they_are_now) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  const auto moves = [&](tcp_device& one) {
    const auto before = one.place.address;
    stop(one);
    start(one.identity.name);
    EXPECT_NE(one.place.address, before);
    EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
  };
  // No log says a word of it, and each finds the other by what it said last.
  moves(ann);
  moves(bob);
  moves(ann);
  // What the log says late does not undo it.
  caf::anon_send(
    bob.network,
    introduce_members{
      photos, {{{ann.id(), "ann", false}, ann.certificate, {"127.0.0.1:1"}}}});
  moves(bob);
}

TEST_F(tcp_network_test, whoever_says_nothing_is_gone_after_a_while) {
  limits.handshake = 2s;
  auto& ann = start("ann");
  std::vector<file_descriptor> silent;
  for (int i = 0; i < 50; ++i)
    silent.push_back(stranger(ann));
  EXPECT_FALSE(is_ended(silent.back(), 100ms));
  for (const auto& one : silent)
    EXPECT_TRUE(is_ended(one, 30s));
}

TEST_F(tcp_network_test, whoever_speaks_otherwise_is_gone_at_once) {
  auto& ann = start("ann");
  for (const auto says :
       {std::string_view{"GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        std::string_view{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10}}) {
    const auto socket = stranger(ann);
    tell(socket, says);
    EXPECT_TRUE(is_ended(socket, 30s));
  }
}

TEST_F(tcp_network_test, takes_no_more_connections_than_allowed) {
  limits.connection_limit = 4;
  auto& ann = start("ann");
  std::vector<file_descriptor> silent;
  for (int i = 0; i < 4; ++i)
    silent.push_back(stranger(ann));
  EXPECT_FALSE(is_ended(silent.front(), 100ms));
  const auto fifth = stranger(ann);
  EXPECT_TRUE(is_ended(fifth, 30s));
  EXPECT_FALSE(is_ended(silent.back(), 50ms));
  silent.pop_back();
  EXPECT_TRUE(eventually([&] { return !is_ended(stranger(ann), 50ms); }));
}

TEST_F(tcp_network_test, a_silent_session_shows_that_it_is_there) {
  limits.keepalive = 800ms;
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  const auto ups = ann.heard->ups();
  // Longer than a session may be silent, and than a busy machine may pause.
  std::this_thread::sleep_for(4s);
  EXPECT_TRUE(are_linked(ann, bob));
  EXPECT_EQ(ann.heard->ups(), ups);
  // Five bytes each: a frame without content.
  EXPECT_GE(ann.heard->from(bob.id()).size(), 10u);
}

} // namespace
} // namespace lockstep

#include "tests/network/tcp_devices.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Takes connections on all of the loopback, and ends each at once.
class impostor {
public:
  impostor() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof any;
    auto* address = reinterpret_cast<sockaddr*>(&any);
    if (::bind(socket_.number(), address, size) != 0
        || ::listen(socket_.number(), 64) != 0
        || ::getsockname(socket_.number(), address, &size) != 0)
      throw std::runtime_error{"an impostor cannot listen"};
    port_ = ntohs(any.sin_port);
  }

  /// One of many places where it is.
  [[nodiscard]] std::string place(int number) const {
    return "127.0.1." + std::to_string(number) + ":" + std::to_string(port_);
  }

  /// How many came, until nobody did for that long.
  int visitors(std::chrono::milliseconds patience) {
    int count = 0;
    pollfd waited{socket_.number(), POLLIN, 0};
    while (::poll(&waited, 1, static_cast<int>(patience.count())) > 0) {
      const file_descriptor one{::accept(socket_.number(), nullptr, nullptr)};
      count += one.is_open() ? 1 : 0;
    }
    return count;
  }

private:
  file_descriptor socket_;
  std::uint16_t port_ = 0;
};

using discovery_test = tcp_devices;

TEST_F(discovery_test, a_device_is_dialled_where_it_was_announced) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  stop(ann);
  stop(bob);
  // At new ports both, which neither knows.
  start("ann");
  start("bob");
  EXPECT_FALSE(are_linked(ann, bob));
  caf::anon_send(ann.network, device_announced{bob.id(), bob.place.address});
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(discovery_test, one_announcement_helps_while_the_next_dial_is_far_off) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  stop(ann);
  stop(bob);
  limits.redial_first = limits.redial_most = 1h;
  start("ann");
  start("bob");
  // The first dial, to where the other one was, has failed by then.
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(are_linked(ann, bob));
  caf::anon_send(ann.network, device_announced{bob.id(), bob.place.address});
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

TEST_F(discovery_test, announcements_of_others_cost_little) {
  auto& ann = start("ann");
  auto& bob = start("bob");
  pair(ann, bob);
  stop(ann);
  limits.redial_first = limits.redial_most = 1h;
  start("ann");
  ASSERT_TRUE(eventually([&] { return are_linked(ann, bob); }));
  impostor liar;
  // Who is here, is this device itself or is not trusted is dialled nowhere.
  for (const auto& whom : {bob.id(), ann.id(), device_id{{7}}})
    caf::anon_send(ann.network, device_announced{whom, liar.place(1)});
  EXPECT_EQ(liar.visitors(500ms), 0);
  stop(bob);
  EXPECT_TRUE(eventually([&] { return !ann.heard->is_up(bob.id()); }));
  for (int i = 0; i < 1'000; ++i)
    caf::anon_send(ann.network,
                   device_announced{bob.id(), liar.place(1 + i % 250)});
  EXPECT_EQ(liar.visitors(1s), 1);
  // It is found all the same.
  start("bob");
  EXPECT_TRUE(eventually([&] { return are_linked(ann, bob); }));
}

} // namespace
} // namespace lockstep

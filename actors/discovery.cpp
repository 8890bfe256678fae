#include "actors/discovery.hpp"

#include "actors/listening_place.hpp"
#include "actors/multicast_socket.hpp"
#include "protocol/allowance.hpp"
#include "protocol/announcement_times.hpp"
#include "transport/announcement_codec.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <vector>

namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t heard_most = 32;
constexpr auto heard_span = 1s;
/// A later version may say more; what is longer is cut.
constexpr std::size_t datagram_most = 512;

/// Can be read once addresses or cables have changed.
file_descriptor watch_addresses() {
  file_descriptor watch{::socket(
    AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (!watch.is_open()
      || ::bind(watch.number(), reinterpret_cast<const sockaddr*>(&groups),
                sizeof groups)
           != 0)
    return file_descriptor{};
  return watch;
}

class announcer {
public:
  announcer(caf::event_based_actor* self, const discovery_order& order)
    : self_{self}, order_{order}, encoded_{encode(order.own)},
      times_{order.period, order.seed, std::chrono::steady_clock::now()} {
  }

  /// Until it is cancelled.
  void run() {
    look_around();
    for (;;) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= times_.next()) {
        announce();
        times_.said(now);
      }
      // What is too much waits in the system, which drops what has no room.
      const auto hearing = allowed_.next(now);
      const bool may_hear = hearing <= now;
      std::array<pollfd, 4> waited{
        {{order_.cancelled->number(), POLLIN, 0},
         {changes_.number(), POLLIN, 0},
         {may_hear ? sockets_[0].number() : -1, POLLIN, 0},
         {may_hear ? sockets_[1].number() : -1, POLLIN, 0}}};
      const auto until
        = may_hear ? times_.next() : std::min(times_.next(), hearing);
      const auto left = std::clamp<std::chrono::milliseconds>(
        std::chrono::ceil<std::chrono::milliseconds>(until - now), 0ms, 1h);
      if (::poll(waited.data(), waited.size(), static_cast<int>(left.count()))
          <= 0)
        continue;
      if (waited[0].revents != 0)
        return;
      if (waited[1].revents != 0)
        note_changes();
      for (std::size_t i = 0; i < sockets_.size(); ++i)
        if (waited[2 + i].revents != 0)
          hear(sockets_[i]);
    }
  }

private:
  void look_around() {
    addresses_ = link_addresses();
    for (auto& one : sockets_)
      one.join(addresses_);
  }

  void announce() {
    // Interfaces come up without a word where changes cannot be watched.
    look_around();
    for (const auto& from : addresses_)
      if (order_.host.empty() || order_.host == from.host())
        for (auto& one : sockets_)
          one.say(from, encoded_);
  }

  void note_changes() {
    std::array<char, 4'096> what{};
    ssize_t size = 0;
    do
      size = ::recv(changes_.number(), what.data(), what.size(), 0);
    while (size > 0 || (size < 0 && (errno == EINTR || errno == ENOBUFS)));
    if (size == 0 || errno != EAGAIN)
      changes_ = file_descriptor{};
    look_around();
    times_.changed(std::chrono::steady_clock::now());
  }

  void hear(multicast_socket& from) {
    allowed_.take(std::chrono::steady_clock::now());
    std::array<std::uint8_t, datagram_most> buffer{};
    const auto heard = from.hear(buffer);
    if (!heard || heard->host.empty())
      return;
    const auto said = decode_announcement(std::span{buffer}.first(heard->size));
    if (said && said->device != order_.own.device)
      self_->send(
        order_.listener,
        device_announced{said->device, to_address(heard->host, said->port)});
  }

  caf::event_based_actor* self_;
  const discovery_order& order_;
  std::array<std::uint8_t, announcement_size> encoded_;
  announcement_times times_;
  allowance allowed_{heard_most, heard_span};
  std::array<multicast_socket, 2> sockets_{multicast_socket{AF_INET},
                                           multicast_socket{AF_INET6}};
  file_descriptor changes_ = watch_addresses();
  std::vector<link_address> addresses_;
};

} // namespace

void discovery(caf::event_based_actor* self, const discovery_order& order) {
  announcer{self, order}.run();
}

} // namespace lockstep

#include "actors/multicast_socket.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <memory>

namespace lockstep {

namespace {

// The same number as the port that serve listens on by default, of UDP.
constexpr std::uint16_t group_port = 47'477;
// Of an organisation's own use, and of one link.
constexpr const char* group_v4 = "239.255.71.77";
constexpr const char* group_v6 = "ff12::4c6b:5374";
constexpr std::size_t addresses_most = 64;
// What waits; more than that is lost.
constexpr int waiting_bytes = 16'384;

struct free_interfaces {
  void operator()(ifaddrs* list) const {
    ::freeifaddrs(list);
  }
};

/// Room for what the system says beside a datagram.
union control_space {
  cmsghdr aligned;
  std::array<char, 256> bytes;
};

bool is_v4(sa_family_t family) {
  return family == AF_INET;
}

socklen_t size_of(const sockaddr_storage& address) {
  return is_v4(address.ss_family) ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

const in6_addr& v6_of(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
}

std::string host_of(const sockaddr_storage& address) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address),
                    size_of(address), text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST)
      != 0)
    return {};
  return text.data();
}

bool is_of_links(const ifaddrs& one) {
  constexpr unsigned wanted = IFF_UP | IFF_MULTICAST;
  if (one.ifa_addr == nullptr || (one.ifa_flags & wanted) != wanted
      || (one.ifa_flags & IFF_LOOPBACK) != 0)
    return false;
  return is_v4(one.ifa_addr->sa_family)
         || (one.ifa_addr->sa_family == AF_INET6
             && IN6_IS_ADDR_LINKLOCAL(
               &reinterpret_cast<const sockaddr_in6*>(one.ifa_addr)
                  ->sin6_addr));
}

template <class Value>
void set(const file_descriptor& socket, int level, int option,
         const Value& value) {
  ::setsockopt(socket.number(), level, option, &value, sizeof value);
}

sockaddr_storage group(sa_family_t family, unsigned interface) {
  sockaddr_storage made{};
  made.ss_family = family;
  if (is_v4(family)) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(made);
    v4.sin_port = htons(group_port);
    ::inet_pton(AF_INET, group_v4, &v4.sin_addr);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(made);
    v6.sin6_port = htons(group_port);
    v6.sin6_scope_id = interface;
    ::inet_pton(AF_INET6, group_v6, &v6.sin6_addr);
  }
  return made;
}

/// As an any-address where the family cannot be bound to its group.
sockaddr_storage place_to_bind(sa_family_t family) {
  auto made = group(family, 0);
  if (!is_v4(family))
    reinterpret_cast<sockaddr_in6&>(made).sin6_addr = in6addr_any;
  return made;
}

void prepare(const file_descriptor& socket, sa_family_t family) {
  constexpr int yes = 1;
  // Several devices of one machine hear the same group.
  set(socket, SOL_SOCKET, SO_REUSEADDR, yes);
  set(socket, SOL_SOCKET, SO_RCVBUF, waiting_bytes);
  if (is_v4(family)) {
    set(socket, IPPROTO_IP, IP_MULTICAST_TTL, 1);
    set(socket, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  } else {
    set(socket, IPPROTO_IPV6, IPV6_V6ONLY, yes);
    set(socket, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
    set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, yes);
  }
}

template <class Info>
void put_source(msghdr& message, int level, int type, const Info& info) {
  auto* control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(control), &info, sizeof info);
  message.msg_controllen = CMSG_SPACE(sizeof info);
}

/// Whether it was said to a group; bound to the group, IPv4 hears no other.
bool is_to_group(msghdr& message) {
  for (auto* one = CMSG_FIRSTHDR(&message); one != nullptr;
       one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != IPPROTO_IPV6 || one->cmsg_type != IPV6_PKTINFO)
      continue;
    in6_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(one), sizeof info);
    return IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
  }
  return false;
}

} // namespace

std::string link_address::host() const {
  return host_of(address);
}

std::vector<link_address> link_addresses() {
  std::vector<link_address> found;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    return found;
  const std::unique_ptr<ifaddrs, free_interfaces> list{first};
  for (const auto* one = first; one != nullptr && found.size() < addresses_most;
       one = one->ifa_next) {
    if (!is_of_links(*one))
      continue;
    auto& added = found.emplace_back();
    added.interface = ::if_nametoindex(one->ifa_name);
    added.address.ss_family = one->ifa_addr->sa_family;
    std::memcpy(&added.address, one->ifa_addr, size_of(added.address));
  }
  return found;
}

multicast_socket::multicast_socket(sa_family_t family)
  : family_{family}, socket_{::socket(
                       family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
  if (!socket_.is_open())
    return;
  prepare(socket_, family);
  const auto place = place_to_bind(family);
  if (::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&place),
             size_of(place))
      != 0)
    socket_ = file_descriptor{};
}

void multicast_socket::join(const std::vector<link_address>& addresses) {
  for (const auto& one : addresses) {
    if (one.address.ss_family != family_)
      continue;
    group_req wanted{};
    wanted.gr_interface = one.interface;
    wanted.gr_group = group(family_, 0);
    // Fails where it hears that link already.
    set(socket_, is_v4(family_) ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP,
        wanted);
  }
}

void multicast_socket::say(const link_address& from,
                           std::span<const std::uint8_t> what) {
  if (from.address.ss_family != family_)
    return;
  auto to = group(family_, from.interface);
  iovec content{const_cast<std::uint8_t*>(what.data()), what.size()};
  control_space control{};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = size_of(to);
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  if (is_v4(family_)) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(from.interface);
    info.ipi_spec_dst
      = reinterpret_cast<const sockaddr_in&>(from.address).sin_addr;
    put_source(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    put_source(message, IPPROTO_IPV6, IPV6_PKTINFO,
               in6_pktinfo{v6_of(from.address), from.interface});
  }
  ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
}

std::optional<heard_datagram>
multicast_socket::hear(std::span<std::uint8_t> buffer) {
  sockaddr_storage from{};
  iovec content{buffer.data(), buffer.size()};
  control_space control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const auto size = ::recvmsg(socket_.number(), &message, 0);
  if (size < 0 || (!is_v4(family_) && !is_to_group(message)))
    return std::nullopt;
  return heard_datagram{static_cast<std::size_t>(size), host_of(from)};
}

} // namespace lockstep

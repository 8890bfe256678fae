#include "actors/listening_place.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <memory>

namespace lockstep {

namespace {

struct release_interfaces {
  void operator()(ifaddrs* list) const {
    ::freeifaddrs(list);
  }
};

bool is_for_one_link(const sockaddr* address) {
  return address->sa_family == AF_INET6
         && IN6_IS_ADDR_LINKLOCAL(
           &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

socklen_t size_of(const sockaddr* address) {
  return address->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                        : sizeof(sockaddr_in);
}

} // namespace

bool listening_place::is_any() const {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

bool listening_place::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::optional<listening_place> parse_place(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  listening_place place{std::string{host}, 0};
  const auto* last = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, last, place.port);
  if (read.ec != std::errc{} || read.ptr != last)
    return std::nullopt;
  return place;
}

std::string to_address(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<std::string> own_addresses(std::uint16_t port) {
  std::vector<std::string> found;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0)
    first = nullptr;
  const std::unique_ptr<ifaddrs, release_interfaces> list{first};
  for (const auto* one = first; one != nullptr; one = one->ifa_next) {
    const auto* address = one->ifa_addr;
    if (address == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0
        || (one->ifa_flags & IFF_UP) == 0
        || (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        || is_for_one_link(address))
      continue;
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(address, size_of(address), text.data(), text.size(),
                      nullptr, 0, NI_NUMERICHOST)
        == 0)
      found.push_back(to_address(text.data(), port));
  }
  return found;
}

} // namespace lockstep

#pragma once

#include "persistence/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace lockstep {

/// An address of this device that others on one of its links can dial.
struct link_address {
  unsigned interface = 0;
  sockaddr_storage address{};

  /// Without a port; "%eth0" follows where it counts on that link only.
  [[nodiscard]] std::string host() const;
};

/// Those of interfaces that are up and carry multicast: of IPv4 all, of IPv6
/// the ones of the link. At most 64; the loopback is none of them.
std::vector<link_address> link_addresses();

/// What somebody on a link said to all.
struct heard_datagram {
  std::size_t size = 0;
  /// Of the sender, without a port.
  std::string host;
};

/// One family's way to Lockstep's group of all devices on a link, which no
/// router passes on. For the thread that made it.
class multicast_socket {
public:
  /// `family` is AF_INET or AF_INET6. Not open where the system lacks it.
  explicit multicast_socket(sa_family_t family);

  /// To wait for; -1 where it is not open.
  [[nodiscard]] int number() const {
    return socket_.number();
  }

  /// Hears what comes to the links of these addresses, and goes on to where it
  /// did before.
  void join(const std::vector<link_address>& addresses);

  /// Says it from one address of its family, as well as that works.
  void say(const link_address& from, std::span<const std::uint8_t> what);

  /// Takes one datagram, cut to the buffer; nothing where there is none, or it
  /// was not said to the group.
  std::optional<heard_datagram> hear(std::span<std::uint8_t> buffer);

private:
  sa_family_t family_;
  file_descriptor socket_;
};

} // namespace lockstep

#include "actors/dialler.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace lockstep {

namespace {

struct release_addresses {
  void operator()(addrinfo* list) const {
    ::freeaddrinfo(list);
  }
};
using address_list = std::unique_ptr<addrinfo, release_addresses>;

std::string without_brackets(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

expected<address_list> resolve(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos)
    return fail(errc::invalid_argument, address + " is no HOST:PORT.");
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto host = without_brackets(address.substr(0, colon));
  const int error = ::getaddrinfo(
    host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
  address_list list{found};
  if (error != 0)
    return fail(errc::timed_out, "There is no host " + host + ": "
                                   + ::gai_strerror(error) + ".");
  return list;
}

tl::unexpected<failure> not_reached(const std::string& address,
                                    const std::string& why) {
  return fail(errc::timed_out,
              "Nobody answers at " + address + ": " + why + ".");
}

/// Waits for a connect that is under way; 0, or the error number.
int wait_for(int socket, int cancelled, duration timeout) {
  std::array<pollfd, 2> waited{{{socket, POLLOUT, 0}, {cancelled, POLLIN, 0}}};
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return ETIMEDOUT;
    const int ready
      = ::poll(waited.data(), waited.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready < 0)
      return errno;
    if (waited[1].revents != 0)
      return ECANCELED;
    if (waited[0].revents == 0)
      continue;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
      return errno;
    return error;
  }
}

expected<std::shared_ptr<file_descriptor>>
connect_to(const std::string& address, const dial_order& order) {
  const auto found = resolve(address);
  if (!found)
    return tl::make_unexpected(found.error());
  int error = EHOSTUNREACH;
  for (const auto* one = found->get(); one != nullptr; one = one->ai_next) {
    auto socket = std::make_shared<file_descriptor>(
      ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = 0;
    if (!socket->is_open()
        || ::connect(socket->number(), one->ai_addr, one->ai_addrlen) != 0)
      error = errno;
    if (error == EINPROGRESS)
      error
        = wait_for(socket->number(), order.cancelled->number(), order.timeout);
    if (error == 0) {
      const int yes = 1;
      ::setsockopt(socket->number(), IPPROTO_TCP, TCP_NODELAY, &yes,
                   sizeof yes);
      return socket;
    }
    if (error == ECANCELED)
      break;
  }
  return not_reached(address, std::generic_category().message(error));
}

bool is_cancelled(const dial_order& order) {
  pollfd waited{order.cancelled->number(), POLLIN, 0};
  return ::poll(&waited, 1, 0) > 0;
}

} // namespace

void dialler(caf::event_based_actor* self, const dial_order& order) {
  dialled result{
    order.dial, nullptr, {errc::not_found, "There is no address to dial."}};
  for (const auto& address : order.addresses) {
    if (is_cancelled(order))
      break;
    auto connected = connect_to(address, order);
    if (connected) {
      result.socket = std::move(*connected);
      result.why = {errc::none, {}};
      break;
    }
    result.why = connected.error();
  }
  self->send(order.listener, result);
}

std::shared_ptr<file_descriptor> make_dial_end() {
  return std::make_shared<file_descriptor>(::eventfd(0, EFD_CLOEXEC));
}

void cancel_dials(const file_descriptor& end) {
  ::eventfd_write(end.number(), 1);
}

} // namespace lockstep

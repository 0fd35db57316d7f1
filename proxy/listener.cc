#include "proxy/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <cerrno>

#include "proxy/config/host_port.h"
#include "proxy/log.h"

namespace proxy {

using asio::ip::tcp;

namespace {

// In SMTP the server speaks first: a client whose handshake was completed by a SYN cookie, while the queue was full,
// would wait for a greeting for ever.
constexpr int backlog = 4096;

}  // namespace

Listener::BoundSocket::~BoundSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::expected<Listener::BoundSocket, std::error_code> Listener::bound(const tcp::endpoint& where, bool shared) {
  const auto failed = [] { return std::unexpected(std::error_code(errno, asio::error::get_system_category())); };
  const int descriptor = ::socket(where.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed();
  BoundSocket socket(descriptor);
  const int on = 1;
  const auto set = [&](int level, int option) { return ::setsockopt(descriptor, level, option, &on, sizeof on) == 0; };
  if (!set(SOL_SOCKET, SO_REUSEADDR) || (shared && !set(SOL_SOCKET, SO_REUSEPORT)) ||
      (where.protocol() == tcp::v6() && !set(IPPROTO_IPV6, IPV6_V6ONLY)) ||
      !set(IPPROTO_TCP, TCP_NODELAY) ||  // accepted connections inherit it
      ::bind(descriptor, where.data(), static_cast<socklen_t>(where.size())) != 0)
    return failed();
  return socket;
}

Listener::Listener(const Settings::Listen& settings) : address_(settings.address) {
  for (const auto& network : settings.proxy_protocol_from)
    if (const auto parsed = greylist::Network::parse(network)) terms_.proxies.push_back(*parsed);
  terms_.implicit_tls = settings.tls == "implicit";
}

std::expected<std::unique_ptr<Listener>, Listener::BindFailure> Listener::bind(const Settings::Listen& settings,
                                                                               std::size_t loops) {
  const auto failed = [&](const std::error_code& error) {
    const bool missing =
        error == asio::error::address_family_not_supported || error == std::errc::address_not_available;
    return std::unexpected(BindFailure{"listen: " + settings.address + ": " + error.message(), missing});
  };
  std::error_code error;
  const auto where = HostPort::parse(settings.address);
  const auto address = asio::ip::make_address(where ? where->host : std::string(), error);
  if (error) return failed(error);
  const tcp::endpoint endpoint(address, where->port);
  // SO_REUSEPORT would let us share the port with another program of the same user: a first try without it finds out.
  if (const auto alone = bound(endpoint, false); !alone) return failed(alone.error());
  std::unique_ptr<Listener> listener(new Listener(settings));
  listener->protocol_ = endpoint.protocol();
  for (std::size_t i = 0; i < loops; ++i) {
    auto socket = bound(endpoint, true);
    if (!socket) return failed(socket.error());
    listener->bound_.push_back(std::move(*socket));
  }
  return listener;
}

std::expected<void, std::string> Listener::listen(const std::vector<std::unique_ptr<Loop>>& loops) {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    std::error_code error;
    auto& acceptor = acceptors_.emplace_back(loops[i]->io, protocol_, bound_[i].release());
    acceptor.listen(backlog, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error) return std::unexpected("listen: " + address_ + ": " + error.message());
  }
  return {};
}

void Listener::accept(Loop& loop, std::size_t index) {
  asio::co_spawn(loop.io, take_connections(loop, index), asio::detached);
}

void Listener::begin(Loop& loop, tcp::socket socket, const tcp::endpoint& from) {
  asio::co_spawn(loop.io, serve_connection(loop, std::move(socket), from, terms_), asio::detached);
}

asio::awaitable<void> Listener::take_connections(Loop& loop, std::size_t index) {
  auto& acceptor = acceptors_[index];
  while (acceptor.is_open()) {
    tcp::socket socket(loop.io);
    tcp::endpoint from;
    const auto [error] =
        co_await acceptor.async_accept(socket, from, asio::experimental::as_tuple(asio::use_awaitable));
    if (!error) {
      begin(loop, std::move(socket), from);
    } else if (acceptor.is_open() && error != asio::error::connection_aborted) {
      LogEvent(LogLevel::error, "accept_failed").with("listen", address_).with("reason", error.message()).write();
      asio::steady_timer pause(loop.io, std::chrono::milliseconds(100));  // out of descriptors, most likely
      co_await pause.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
    }
  }
}

void Listener::stop(Loop& loop, std::size_t index) {
  auto& acceptor = acceptors_[index];
  std::error_code error;
  while (!error) {
    tcp::socket socket(loop.io);
    tcp::endpoint from;
    acceptor.accept(socket, from, error);
    if (!error) begin(loop, std::move(socket), from);
  }
  acceptor.close(error);
}

}  // namespace proxy

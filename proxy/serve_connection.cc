#include "proxy/serve_connection.h"
#include "proxy/ip_address.h"

#include <algorithm>
#include <array>

#include "proxy/log.h"
#include "proxy/session/session.h"
#include "smtp/proxy_header.h"
#include "smtp/replies.h"
#include "tls/stream.h"

namespace proxy {

namespace {

using asio::ip::tcp;

constexpr std::chrono::seconds proxy_header_patience{5};

struct Ends {
  smtp::Endpoint from, to;
};

smtp::Endpoint endpoint(const tcp::endpoint& end) { return {ip_address(end.address()).text(), end.port()}; }

bool trusted(const std::vector<greylist::Network>& proxies, const std::string& peer) {
  const auto address = greylist::IpAddress::parse(peer);
  return address && std::ranges::any_of(proxies, [&](const auto& network) { return network.contains(*address); });
}

// Who is behind a load balancer. Nothing if its header is bad or doesn't come. The header alone is read: what follows
// it may be a TLS handshake.
asio::awaitable<std::optional<Ends>> proxied_ends(Loop& loop, tls::Stream& stream, Ends own) {
  Deadline deadline(loop.deadlines, [&stream] { stream.interrupt(asio::error::timed_out); });
  deadline.after(proxy_header_patience);
  std::string header;
  for (;;) {
    if (co_await stream.readable()) co_return std::nullopt;
    std::array<char, 4112> piece;
    const auto peeked = stream.try_peek(piece);
    if (!peeked) co_return std::nullopt;
    const auto before = header.size();
    header.append(piece.data(), *peeked);
    const auto parsed = smtp::parse_proxy_header(header);
    const auto consume = [&](std::size_t octets) {
      return stream.try_read({piece.data(), octets - before}).has_value();
    };
    if (const auto* proxied = std::get_if<smtp::Proxied>(&parsed)) {
      if (!consume(proxied->consumed)) co_return std::nullopt;
      co_return Ends{proxied->source, proxied->destination};
    }
    if (const auto* unproxied = std::get_if<smtp::Unproxied>(&parsed)) {
      if (!consume(unproxied->consumed)) co_return std::nullopt;
      co_return own;
    }
    if (std::holds_alternative<smtp::BadProxyHeader>(parsed) || !consume(header.size())) co_return std::nullopt;
  }
}

// Counts a connection for as long as it is open.
class Open {
 public:
  explicit Open(Loop& loop) : counters_(&loop.counters.connections) {
    counters_->accepted.add();
    counters_->open.add();
  }
  Open(Open&& other) noexcept : counters_(std::exchange(other.counters_, nullptr)) {}
  Open& operator=(Open&&) = delete;
  ~Open() {
    if (counters_) counters_->open.subtract();
  }

 private:
  decltype(Counters::connections)* counters_;
};

// A session within the limits, or word of why there is none. The session is made beforehand, so that this frame, which
// lives as long, doesn't hold what it was made of as well.
asio::awaitable<void> converse(Loop& loop, [[maybe_unused]] Open open, std::unique_ptr<Session> session) {
  auto& connections = loop.counters.connections;
  if (loop.draining) {
    connections.refused.add();
    co_return co_await session->turn_away(smtp::replies::shutting_down(loop.setup->settings.hostname));
  }
  const auto& limits = loop.setup->settings.limits;
  const auto place = loop.site.connections.enter(session->address(), limits.connections, limits.connections_per_client);
  if (!place) {
    connections.refused.add();
    LogEvent(LogLevel::warning, "too_many_connections").with("client", session->address().text()).write();
    co_return co_await session->turn_away(smtp::replies::too_many_connections(loop.setup->settings.hostname));
  }
  co_await session->run();
}

asio::awaitable<void> converse_behind_proxy(Loop& loop, Open open, tls::Stream stream, Ends own,
                                            const ListenerTerms& terms, Session::Begins begins) {
  const auto peer = own.from.address;
  std::optional<Ends> told;
  if (trusted(terms.proxies, peer)) told = co_await proxied_ends(loop, stream, std::move(own));
  if (!told) {
    loop.counters.connections.refused.add();
    LogEvent(LogLevel::warning, "proxy_header_refused").with("peer", peer).write();
    co_return;
  }
  auto session = std::make_unique<Session>(loop, std::move(stream), std::move(told->from), std::move(told->to), begins);
  co_await converse(loop, std::move(open), std::move(session));
}

asio::awaitable<void> gone() { co_return; }

}  // namespace

// No frame of its own: a connection keeps those of all that it has begun.
asio::awaitable<void> serve_connection(Loop& loop, tcp::socket socket, const tcp::endpoint& from,
                                       const ListenerTerms& terms) {
  Open open(loop);
  std::error_code error;
  Ends ends{endpoint(from), endpoint(socket.local_endpoint(error))};
  if (error) return gone();  // before we looked
  tls::Stream stream(std::move(socket));
  const auto begins = terms.implicit_tls ? Session::Begins::in_tls : Session::Begins::plain;
  if (terms.proxies.empty())
    return converse(
        loop, std::move(open),
        std::make_unique<Session>(loop, std::move(stream), std::move(ends.from), std::move(ends.to), begins));
  return converse_behind_proxy(loop, std::move(open), std::move(stream), std::move(ends), terms, begins);
}

}  // namespace proxy

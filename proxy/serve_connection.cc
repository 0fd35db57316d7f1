#include "proxy/serve_connection.h"

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

// Without the zone of a link-local address ("fe80::1%eth0"), which means nothing to anybody else (RFC 4007 §11).
smtp::Endpoint endpoint(const tcp::endpoint& end) {
  const auto text = end.address().to_string();
  return {text.substr(0, text.find('%')), end.port()};
}

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

asio::awaitable<void> converse(Loop& loop, tls::Stream stream, Ends ends, Session::Begins begins) {
  Session session(loop, std::move(stream), std::move(ends.from), std::move(ends.to), begins);
  const auto& settings = loop.setup->settings;
  auto& connections = loop.counters.connections;
  if (loop.draining) {
    connections.refused.add();
    co_return co_await session.turn_away(smtp::replies::shutting_down(settings.hostname));
  }
  const auto& limits = settings.limits;
  const auto place = loop.site.connections.enter(session.address(), limits.connections, limits.connections_per_client);
  if (!place) {
    connections.refused.add();
    LogEvent(LogLevel::warning, "too_many_connections").with("client", session.address().text()).write();
    co_return co_await session.turn_away(smtp::replies::too_many_connections(settings.hostname));
  }
  co_await session.run();
}

// Counts a connection for as long as it is open.
class Open {
 public:
  explicit Open(Loop& loop) : counters_(loop.counters.connections) {
    counters_.accepted.add();
    counters_.open.add();
  }
  ~Open() { counters_.open.subtract(); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

 private:
  decltype(Counters::connections)& counters_;
};

}  // namespace

asio::awaitable<void> serve_connection(Loop& loop, tcp::socket socket, ListenerTerms terms) {
  const Open open(loop);
  std::error_code from_error, to_error;
  Ends ends{endpoint(socket.remote_endpoint(from_error)), endpoint(socket.local_endpoint(to_error))};
  if (from_error || to_error) co_return;  // gone before we looked
  tls::Stream stream(std::move(socket));
  if (!terms.proxies.empty()) {
    const auto peer = ends.from.address;
    std::optional<Ends> told;
    if (trusted(terms.proxies, peer)) told = co_await proxied_ends(loop, stream, ends);
    if (!told) {
      loop.counters.connections.refused.add();
      LogEvent(LogLevel::warning, "proxy_header_refused").with("peer", peer).write();
      co_return;
    }
    ends = std::move(*told);
  }
  const auto begins = terms.implicit_tls ? Session::Begins::in_tls : Session::Begins::plain;
  co_await converse(loop, std::move(stream), std::move(ends), begins);
}

}  // namespace proxy

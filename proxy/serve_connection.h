#pragma once
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <vector>

#include "greylist/ip_address.h"
#include "proxy/loop.h"

namespace proxy {

// How connections to one listener begin.
struct ListenerTerms {
  std::vector<greylist::Network> proxies;  // whose PROXY header is believed; empty: none is expected
  bool implicit_tls = false;               // a handshake comes before the greeting
};

// Serves one connection, accepted from `from`, to its end: the PROXY header where one is expected, the limits, the
// session. `terms` must outlive it.
asio::awaitable<void> serve_connection(Loop& loop, asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& from,
                                       const ListenerTerms& terms);

}  // namespace proxy

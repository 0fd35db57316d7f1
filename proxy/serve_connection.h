#pragma once
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <vector>

#include "greylist/ip_address.h"
#include "proxy/loop.h"

namespace proxy {

// Serves one accepted connection to its end: the PROXY header where the listener asks for one (then `proxies` isn't
// empty), the limits, the session.
asio::awaitable<void> serve_connection(Loop& loop, asio::ip::tcp::socket socket,
                                       std::vector<greylist::Network> proxies);

}  // namespace proxy

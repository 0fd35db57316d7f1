#include "proxy/config/own_listener.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "proxy/config/host_port.h"
#include "proxy/config/system_name.h"

namespace proxy {
namespace {

using Address = asio::ip::address;

std::optional<Address> parse(const std::string& text) {
  asio::error_code error;
  auto address = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

std::optional<Address> address_of(const sockaddr* socket_address) {
  if (!socket_address) return std::nullopt;
  if (socket_address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, socket_address, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (socket_address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, socket_address, sizeof v6);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes);
  }
  return std::nullopt;
}

std::vector<Address> interface_addresses() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, freeifaddrs);
  std::vector<Address> found;
  for (const auto* one = first; one; one = one->ifa_next)
    if (const auto address = address_of(one->ifa_addr)) found.push_back(*address);
  return found;
}

// Connecting to 0.0.0.0 or :: reaches the loopback address (Linux), so that is what they stand for here.
std::vector<Address> destinations(const std::string& host) {
  const Address v4 = asio::ip::address_v4::loopback(), v6 = asio::ip::address_v6::loopback();
  if (const auto address = parse(host)) return {address->is_unspecified() ? (address->is_v4() ? v4 : v6) : *address};
  if (strcasecmp(host.c_str(), "localhost") == 0) return {v4, v6};
  if (strcasecmp(host.c_str(), short_host_name().c_str()) == 0) return interface_addresses();
  return {};
}

bool is_ours(const Address& address) {
  return address.is_loopback() || std::ranges::count(interface_addresses(), address) > 0;
}

bool listens_on(const Address& listener, const Address& address) {
  if (listener.is_v4() != address.is_v4()) return false;
  return listener.is_unspecified() ? is_ours(address) : listener == address;
}

}  // namespace

std::string own_listener(const std::string& peer, const std::vector<Settings::Listen>& listeners) {
  const auto there = HostPort::parse(peer);
  if (!there) return {};
  for (const auto& listener : listeners) {
    const auto here = HostPort::parse(listener.address);
    if (!here || here->port != there->port) continue;
    const auto address = parse(here->host);
    const auto reaches = [&](const Address& to) { return address && listens_on(*address, to); };
    if (std::ranges::any_of(destinations(there->host), reaches)) return listener.address;
  }
  return {};
}

}  // namespace proxy

#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "line.h"

// HAProxy's PROXY protocol, versions 1 and 2 ("The PROXY protocol", Willy Tarreau, 2020/03/05).
namespace smtp {

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};  // address: text of IPv4 or IPv6

struct Proxied {
  Endpoint source, destination;
  std::size_t consumed;
};
struct Unproxied {
  std::size_t consumed;
};  // v1 UNKNOWN, v2 LOCAL or a family that is no TCP over IP: the peer's own address holds
struct BadProxyHeader {};

// What the front of the buffer holds; v1 at most 107 octets, v2 at most 16 + 4,096.
std::variant<NeedMore, Proxied, Unproxied, BadProxyHeader> parse_proxy_header(std::string_view buffer);

// Families must agree; when they don't, the destination is given as the unspecified address of the source's family.
std::string proxy_header_v1(const Endpoint& source, const Endpoint& destination);
std::string proxy_header_v2(const Endpoint& source, const Endpoint& destination);

}  // namespace smtp

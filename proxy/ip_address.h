#pragma once
#include <asio/ip/address.hpp>

#include "greylist/ip_address.h"

namespace proxy {

// An address of a socket or of the DNS as the greylist knows it: without the zone of a link-local address
// ("fe80::1%eth0"), which means nothing to anybody else (RFC 4007 §11).
inline greylist::IpAddress ip_address(const asio::ip::address& address) {
  return address.is_v4() ? greylist::IpAddress::v4(address.to_v4().to_bytes())
                         : greylist::IpAddress::v6(address.to_v6().to_bytes());
}

}  // namespace proxy

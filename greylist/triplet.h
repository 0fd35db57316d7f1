#pragma once
#include <string>
#include <string_view>

#include "ip_address.h"

namespace greylist {

struct ClientPrefix {
  unsigned ipv4 = 24, ipv6 = 64;
};

// What the greylist remembers by: identity of the client ("192.0.2.0/24"), sender and recipient in keyed form.
struct Triplet {
  std::string identity, sender, recipient;
  bool operator==(const Triplet&) const = default;
};

Triplet make_triplet(const IpAddress& client, std::string_view sender, std::string_view recipient,
                     const ClientPrefix& prefix);

std::string network_identity(const IpAddress& client,
                             const ClientPrefix& prefix);  // "192.0.2.0/24", "2001:db8:1:2::/64"
// Whom auto-allow is credited to on the network rung: the IPv4 address or the IPv6 /64.
std::string earning_identity(const IpAddress& client);

std::string keyed_sender(std::string_view sender);  // "" for the null sender
std::string keyed_recipient(std::string_view recipient);

}  // namespace greylist

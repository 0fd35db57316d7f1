#pragma once
#include <string>
#include <string_view>

#include "ip_address.h"
#include "sender_key.h"

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

// The recipient's part: its domain in canonical form, its local part as it is, but for quotes that it can do without;
// "postmaster" for the one without a domain. Escaped as keyed_sender() is.
std::string keyed_recipient(std::string_view recipient);

}  // namespace greylist

#include "triplet.h"

#include <algorithm>

#include "domain_name.h"
#include "mail_address.h"

namespace greylist {

Triplet make_triplet(const IpAddress& client, std::string_view sender, std::string_view recipient,
                     const ClientPrefix& prefix) {
  return {network_identity(client, prefix), keyed_sender(sender), keyed_recipient(recipient)};
}

std::string network_identity(const IpAddress& client, const ClientPrefix& prefix) {
  const auto length = std::min(client.is_v4() ? prefix.ipv4 : prefix.ipv6, client.bits());
  return Network{client.masked(length), length}.text();
}

std::string earning_identity(const IpAddress& client) {
  return client.is_v4() ? client.text() : Network{client.masked(64), 64}.text();
}

std::string keyed_recipient(std::string_view recipient) {
  const auto address = split_address(recipient);
  if (is_bare_postmaster(address)) return "postmaster";
  auto key = canonical_local_part(address.local);
  if (address.has_domain) key.append("@").append(canonical_domain(address.domain));
  return escaped(std::move(key));
}

}  // namespace greylist

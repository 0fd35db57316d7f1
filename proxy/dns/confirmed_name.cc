#include "proxy/dns/confirmed_name.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

#include "greylist/ascii.h"
#include "proxy/dns/dns_name.h"

namespace proxy {
namespace {

asio::ip::address unmapped(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

std::string reverse_name_v4(const asio::ip::address_v4& address) {
  std::string name;
  for (const auto octet : address.to_bytes() | std::views::reverse) name += std::to_string(octet) + '.';
  return name + "in-addr.arpa";
}

std::string reverse_name_v6(const asio::ip::address_v6& address) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name;
  for (const auto octet : address.to_bytes() | std::views::reverse)
    for (const auto nibble : {octet & 0xf, octet >> 4}) name += {digits[static_cast<std::size_t>(nibble)], '.'};
  return name + "ip6.arpa";
}

}  // namespace

NameConfirmation::NameConfirmation(const asio::ip::address& client) : client_(unmapped(client)) {}

std::string NameConfirmation::reverse_name() const {
  return client_.is_v4() ? reverse_name_v4(client_.to_v4()) : reverse_name_v6(client_.to_v6());
}

std::vector<std::string> NameConfirmation::names(const DnsAnswer& pointers) {
  if (pointers.outcome == DnsAnswer::Outcome::failed) verdict_.outcome = ClientName::Outcome::temporary_failure;
  std::vector<std::string> names;
  for (const auto& name : pointers.names) {
    if (!is_host_name(name)) continue;
    auto& kept = names.emplace_back(without_trailing_dot(name));
    std::ranges::transform(kept, kept.begin(), greylist::ascii::lower);
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  names.resize(std::min(names.size(), max_names));
  if (!names.empty()) verdict_.reverse = names.front();
  return names;
}

bool NameConfirmation::consider(const std::string& name, const DnsAnswer& addresses) {
  if (std::ranges::find(addresses.addresses, client_) != addresses.addresses.end()) {
    verdict_ = {ClientName::Outcome::confirmed, name, name};
    return true;
  }
  if (addresses.outcome == DnsAnswer::Outcome::failed) verdict_.outcome = ClientName::Outcome::temporary_failure;
  return false;
}

greylist::NameEvidence evidence_of(const ClientName& name) {
  using enum greylist::Fcrdns;
  switch (name.outcome) {
    case ClientName::Outcome::confirmed: return {pass, name.name};
    case ClientName::Outcome::none: return {name.reverse.empty() ? none : fail, {}};
    case ClientName::Outcome::temporary_failure: return {error, {}};
  }
  std::unreachable();
}

}  // namespace proxy

#include "proxy/dns/dns_list.h"

#include <algorithm>

namespace proxy {

bool has_on_it(const DnsList& list, const DnsAnswer& answer) {
  const auto is_meant = [&](const asio::ip::address& address) {
    const auto returned = greylist::IpAddress::parse(address.to_string());
    return returned &&
           std::ranges::any_of(list.returns, [&](const auto& network) { return network.contains(*returned); });
  };
  return std::ranges::any_of(answer.addresses, is_meant);
}

std::vector<std::string> names_of(const DnsListings& listings, unsigned threshold) {
  auto names = listings.allow;
  names.insert(names.end(), listings.block.begin(), listings.block.end());
  if (listings.weight >= threshold) names.emplace_back(greylist::enough_lists);
  return names;
}

}  // namespace proxy

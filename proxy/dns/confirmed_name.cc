#include "proxy/dns/confirmed_name.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "greylist/ascii.h"
#include "proxy/dns/dns_name.h"
#include "proxy/dns/reverse_name.h"

namespace proxy {

NameConfirmation::NameConfirmation(const asio::ip::address& client) : client_(unmapped(client)) {}

std::string NameConfirmation::reverse_name() const { return proxy::reverse_name(client_); }

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

#include "proxy/hidden_clients.h"

#include "greylist/domain_name.h"

namespace proxy {

HiddenClients::Finding HiddenClients::seen(const greylist::IpAddress& client, std::string_view sender_domain) {
  if (!client.is_private() || client.loopback()) return Finding::ordinary;
  const std::lock_guard lock(mutex_);
  if (domains_.size() >= watched_addresses && !domains_.contains(client)) return Finding::ordinary;
  auto& domains = domains_[client];
  if (domains.size() >= suspicious_domains) return Finding::hidden;
  if (sender_domain.empty()) return Finding::ordinary;
  domains.insert(greylist::canonical_domain(sender_domain));
  return domains.size() >= suspicious_domains ? Finding::just_found : Finding::ordinary;
}

std::vector<std::string> HiddenClients::addresses() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [address, domains] : domains_)
    if (domains.size() >= suspicious_domains) found.push_back(address.text());
  return found;
}

}  // namespace proxy

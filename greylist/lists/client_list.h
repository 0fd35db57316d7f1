#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "domain_name.h"
#include "ip_address.h"
#include "lists/network_set.h"
#include "lists/regexp.h"

namespace greylist {

// Clients by address, network or name. A look-up costs the same for ten entries and for 100,000; only regular
// expressions are tried one by one.
class ClientList {
 public:
  // "192.0.2.7", "192.0.2.0/24", "2001:db8::/32", "mail.example.com", ".example.com", "*.example.com". An error says
  // what would be right.
  std::expected<void, std::string> add(std::string_view entry);
  // One line of postgrey's whitelist_clients: comment or blank (nothing), /regexp/ (tried on name and address), CIDR,
  // address or its leading octets "192.168.1", IPv6 address, name (that host and its subdomains).
  std::expected<void, std::string> add_postgrey(std::string_view line);

  bool has_names() const;  // some entry could only match by the client's confirmed name
  bool matches_address(const IpAddress& client) const;
  bool matches_name(std::string_view confirmed_name) const;  // an empty name matches nothing
  bool empty() const;

 private:
  NetworkSet networks_;
  DomainList names_;
  std::vector<Regexp> regexps_;
};

}  // namespace greylist

#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "domain_name.h"
#include "ip_address.h"

namespace greylist {

class Regexp;  // lists/regexp.h: PCRE2

// Clients by address, network or name.
class ClientList {
 public:
  ClientList();
  ~ClientList();
  ClientList(ClientList&&) noexcept;
  ClientList& operator=(ClientList&&) noexcept;

  // "192.0.2.7", "192.0.2.0/24", "2001:db8::/32", "mail.example.com", ".example.com", "*.example.com". An error says
  // what would be right.
  std::expected<void, std::string> add(std::string_view entry);
  // One line of postgrey's whitelist_clients: comment or blank (nothing), /regexp/ (tried on name and address), CIDR,
  // address or its leading octets "192.168.1", IPv6 address, name (that host and its subdomains).
  std::expected<void, std::string> add_postgrey(std::string_view line);

  bool has_names() const;  // some entry could only match by the client's confirmed name
  bool matches_address(const IpAddress& client) const;
  bool matches_name(std::string_view confirmed_name) const;
  bool empty() const;

 private:
  std::vector<Network> networks_;
  std::vector<std::string> partials_;  // "192.168.1": leading octets
  std::vector<DomainPattern> names_;
  std::vector<Regexp> regexps_;
};

// Senders or recipients: "ceo@example.com", "@example.com", "abuse@", "example.org"/"*.example.org"/".example.org" are
// errors in the configuration's own lists (write "@example.org"). Local parts and domains ignore case; U- and A-labels
// alike; "@*.example.org" and "@.example.org": subdomains.
class AddressList {
 public:
  AddressList();
  ~AddressList();
  AddressList(AddressList&&) noexcept;
  AddressList& operator=(AddressList&&) noexcept;

  std::expected<void, std::string> add(std::string_view entry);
  // One line of postgrey's whitelist_recipients: comment or blank, /regexp/, "user@" and "user@domain" (also user+ext),
  // "domain" (and its subdomains).
  std::expected<void, std::string> add_postgrey(std::string_view line);

  bool matches(std::string_view address)
      const;  // as the client wrote it; "postmaster" without a domain is matched by "postmaster@"
  bool empty() const;

 private:
  struct Entry;
  std::vector<Entry> entries_;
  std::vector<Regexp> regexps_;
};

struct Lists {
  ClientList clients;
  AddressList senders, recipients;
};

}  // namespace greylist

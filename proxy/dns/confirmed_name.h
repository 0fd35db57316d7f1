#pragma once
#include <asio/ip/address.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/dns/client_name.h"
#include "proxy/dns/dns_answer.h"

namespace proxy {

// How a client's reverse name is confirmed (RFC 8601 §2.7.3), without asking anybody: it says what to ask the DNS, is
// told the answers and judges them.
class NameConfirmation {
 public:
  static constexpr std::size_t max_names = 10;  // considered of one client; RFC 7208 §4.6.4 draws the line there too

  explicit NameConfirmation(const asio::ip::address& client);  // an IPv4-mapped address is the IPv4 address

  const asio::ip::address& client() const { return client_; }
  // The owner of the client's PTR records (RFC 1035 §3.5, RFC 3596 §2.5).
  std::string reverse_name() const;
  // The names to look up the addresses of, in the client's own family. They are sorted: a server that rotates its
  // records must not give the client another name each time.
  std::vector<std::string> names(const DnsAnswer& pointers);
  // What those look-ups said, in the order of names(). True: the name is confirmed, no more need be known.
  bool consider(const std::string& name, const DnsAnswer& addresses);

  const ClientName& verdict() const { return verdict_; }

 private:
  asio::ip::address client_;
  ClientName verdict_;
};

}  // namespace proxy

#pragma once
#include <asio/ip/address.hpp>
#include <string>

namespace proxy {

asio::ip::address unmapped(const asio::ip::address& address);  // an IPv4-mapped address is the IPv4 address

// The owner of an address' PTR records (RFC 1035 §3.5, RFC 3596 §2.5).
std::string reverse_name(const asio::ip::address& address);
// The same below another zone than in-addr.arpa and ip6.arpa: "7.2.0.192.zen.example.org".
std::string reverse_name(const asio::ip::address& address, std::string_view zone);

}  // namespace proxy

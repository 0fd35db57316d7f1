#pragma once
#include <asio/ip/address.hpp>
#include <vector>

#include "proxy/dns/dns_answer.h"

struct hostent;

namespace proxy {

// c-ares' answers in our terms.

int number_of(DnsType type);  // RFC 1035 §3.2.2, RFC 3596 §2.1

// What the message says; c-ares found out already what it means as a whole (`status`, ARES_SUCCESS or why not).
DnsAnswer read_answer(DnsType type, int status, const unsigned char* message, int size);
DnsAnswer dns_failure(int status);

asio::ip::address dns_address(int family, const void* octets);  // AF_INET or AF_INET6, in network order
std::vector<asio::ip::address> dns_addresses(const hostent& host);

}  // namespace proxy

#pragma once
#include <string>
#include <vector>

#include "greylist/ip_address.h"
#include "greylist/rules/evidence.h"
#include "proxy/dns/dns_answer.h"

namespace proxy {

// A list of addresses that is kept in the DNS (RFC 5782): an address is on it if its reverse name in the list's zone
// has A records, of which one is in `returns`.
struct DnsList {
  std::string name, zone;
  std::vector<greylist::Network> returns;
  unsigned weight = 1;
};

bool has_on_it(const DnsList& list, const DnsAnswer& answer);  // whom that is the answer for; no answer: nobody

struct DnsLists {
  std::vector<DnsList> allow, block;
  unsigned threshold = 1;  // of the weights of block lists, for the client to be on "block_lists"
};

// The names of those that have a client on them, and what the block lists weigh together.
struct DnsListings {
  std::vector<std::string> allow, block;
  unsigned weight = 0;
};

// All of them, and greylist::enough_lists if the block lists weigh as much as the threshold.
std::vector<std::string> names_of(const DnsListings& listings, unsigned threshold);

}  // namespace proxy

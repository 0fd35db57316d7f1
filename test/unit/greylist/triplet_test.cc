#include "greylist/triplet.h"

#include <doctest/doctest.h>

using greylist::ClientPrefix;
using greylist::IpAddress;

TEST_CASE("a client is known by its network, and earns by its address or /64") {
  struct Row {
    const char* why;
    std::string_view client;
    ClientPrefix prefix;
    const char *network, *earner;
  };
  for (const auto& [why, client, prefix, network, earner] : {
           Row{"IPv4", "192.0.2.7", {}, "192.0.2.0/24", "192.0.2.7"},
           Row{"IPv6", "2001:db8:1:2:3:4:5:6", {}, "2001:db8:1:2::/64", "2001:db8:1:2::/64"},
           Row{"IPv4-mapped", "::ffff:192.0.2.7", {}, "192.0.2.0/24", "192.0.2.7"},
           Row{"single addresses", "192.0.2.7", {32, 128}, "192.0.2.7/32", "192.0.2.7"},
           Row{"single IPv6 addresses still earn together",
               "2001:db8::7",
               {32, 128},
               "2001:db8::7/128",
               "2001:db8::/64"},
           Row{"wider networks", "192.0.2.7", {16, 48}, "192.0.0.0/16", "192.0.2.7"},
           Row{"more bits than there are", "192.0.2.7", {99, 999}, "192.0.2.7/32", "192.0.2.7"},
       }) {
    CAPTURE(why);
    const auto address = *IpAddress::parse(client);
    CHECK(greylist::network_identity(address, prefix) == network);
    CHECK(greylist::earning_identity(address) == earner);
  }
}

TEST_CASE("a recipient's key keeps its local part") {
  struct Row {
    const char* why;
    std::string_view recipient, key;
  };
  for (const auto& [why, recipient, key] : {
           Row{"domain's case is folded, the local part's not", "Bob@X.Org", "Bob@x.org"},
           Row{"trailing dot", "bob@x.org.", "bob@x.org"},
           Row{"sub-address stays", "bob+x@x.org", "bob+x@x.org"},
           Row{"numbers stay", "bob-12@x.org", "bob-12@x.org"},
           Row{"needless quotes", "\"bob\"@x.org", "bob@x.org"},
           Row{"needed quotes", "\"a b\"@x.org", "\"a b\"@x.org"},
           Row{"U-label", "bob@bücher.example", "bob@xn--bcher-kva.example"},
           Row{"postmaster without a domain", "PostMaster", "postmaster"},
           Row{"postmaster with one keeps its case", "PostMaster@x.org", "PostMaster@x.org"},
           Row{"control characters are escaped", "\"a\tb\"@x.org", "\"a\\x09b\"@x.org"},
       }) {
    CAPTURE(why);
    CHECK(greylist::keyed_recipient(recipient) == key);
  }
}

TEST_CASE("a triplet is network, sender and recipient, each in keyed form") {
  const auto triplet =
      greylist::make_triplet(*IpAddress::parse("192.0.2.7"), "prvs=0123abcdef=a@S.org", "Bob@X.org", ClientPrefix{});
  CHECK(triplet == greylist::Triplet{"192.0.2.0/24", "a@s.org", "Bob@x.org"});
}

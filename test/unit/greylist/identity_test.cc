#include "greylist/identity.h"

#include <doctest/doctest.h>

using greylist::Identity;
using greylist::IpAddress;
using greylist::Proof;
using greylist::ProofKind;

namespace {

const Identity by_network{"192.0.2.0/24", "192.0.2.7"};
const Identity by_spf{"spf:example.org", "spf:example.org"};
const Identity by_name{"rdns:example.net", "rdns:mail.example.net"};
const Proof all{"example.org", "mail.example.net", "example.net"};
const std::vector<ProofKind> spf_first{ProofKind::spf, ProofKind::rdns}, name_first{ProofKind::rdns, ProofKind::spf};

}  // namespace

TEST_CASE("a client is known by all that it has proved, the best first and its network last") {
  struct Row {
    const char* why;
    Proof proof;
    std::vector<ProofKind> ladder;
    std::vector<Identity> expected;
  };
  const Proof no_name{"example.org", "", ""};
  for (const auto& [why, proof, ladder, expected] : {
           Row{"everything", all, spf_first, {by_spf, by_name, by_network}},
           Row{"in the ladder's order", all, name_first, {by_name, by_spf, by_network}},
           Row{"only what the ladder has", all, {ProofKind::rdns}, {by_name, by_network}},
           Row{"no ladder", all, {}, {by_network}},
           Row{"nothing proved", {}, spf_first, {by_network}},
           Row{"SPF alone", no_name, spf_first, {by_spf, by_network}},
           Row{"a name that is a public suffix", {"", "co.uk", ""}, spf_first, {by_network}},
           Row{"a provider's name", {"", "192-0-2-7.example.net", "example.net"}, spf_first, {by_network}},
       }) {
    CAPTURE(why);
    CHECK(greylist::identities(*IpAddress::parse("192.0.2.7"), proof, ladder, {}) == expected);
  }
}

TEST_CASE("an identity tells what it was proved by") {
  CHECK(greylist::kind_of("spf:example.org") == "spf");
  CHECK(greylist::kind_of("rdns:example.org") == "rdns");
  CHECK(greylist::kind_of("192.0.2.0/24") == "network");
  CHECK(greylist::kind_of("2001:db8::/64") == "network");
}

TEST_CASE("a triplet under another identity has the same sender and recipient") {
  CHECK(under(by_spf, {"192.0.2.0/24", "a@example.org", "b@example.com"}) ==
        greylist::Triplet{"spf:example.org", "a@example.org", "b@example.com"});
}

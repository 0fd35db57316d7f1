#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ip_address.h"
#include "triplet.h"

namespace greylist {

// What stands for a client in its triplets, and to whom auto-allow is credited when one of them passes.
struct Identity {
  std::string name;    // "spf:example.org", "rdns:example.org", "192.0.2.0/24"
  std::string earner;  // "spf:example.org", "rdns:mail.example.org", "192.0.2.7"; empty: nobody
  bool operator==(const Identity&) const = default;
};

// The kinds of proof beside the network, which needs none.
enum class ProofKind { spf, rdns };

// What the DNS has proved of a client. Domains in canonical form; empty: nothing.
struct Proof {
  std::string spf_domain;    // lets this client send for it (RFC 7208), and not just anybody
  std::string name;          // the client's forward-confirmed reverse name (RFC 8601 §2.7.3)
  std::string organisation;  // the organisational domain of that name
};

// All that this client can be known by, in the order of `ladder`; its network is the last, and always there. A name
// that a provider gave to an address, not a server to itself (is_generic_name()), is none.
std::vector<Identity> identities(const IpAddress& client, const Proof& proof, std::span<const ProofKind> ladder,
                                 const ClientPrefix& prefix);

std::string_view kind_of(std::string_view identity);  // "spf", "rdns", "network"

// The same sender and recipient, with another identity of the client.
Triplet under(const Identity& identity, const Triplet& triplet);

}  // namespace greylist

#include "identity.h"

#include "generic_name.h"

namespace greylist {
namespace {

constexpr std::string_view spf_prefix = "spf:", rdns_prefix = "rdns:";

std::string prefixed(std::string_view prefix, std::string_view name) { return std::string(prefix).append(name); }

}  // namespace

std::vector<Identity> identities(const IpAddress& client, const Proof& proof, std::span<const ProofKind> ladder,
                                 const ClientPrefix& prefix) {
  std::vector<Identity> all;
  all.reserve(ladder.size() + 1);
  for (const auto kind : ladder) {
    switch (kind) {
      case ProofKind::spf:
        if (proof.spf_domain.empty()) break;
        all.push_back({prefixed(spf_prefix, proof.spf_domain), prefixed(spf_prefix, proof.spf_domain)});
        break;
      case ProofKind::rdns:
        if (proof.organisation.empty() || is_generic_name(proof.name, proof.organisation, client)) break;
        // A hoster's domain is that of thousands of strangers: what one of them has earned is its own.
        all.push_back({prefixed(rdns_prefix, proof.organisation), prefixed(rdns_prefix, proof.name)});
        break;
    }
  }
  all.push_back({network_identity(client, prefix), earning_identity(client)});
  return all;
}

std::string_view kind_of(std::string_view identity) {
  for (const auto prefix : {spf_prefix, rdns_prefix})
    if (identity.starts_with(prefix)) return prefix.substr(0, prefix.size() - 1);
  return "network";
}

Triplet under(const Identity& identity, const Triplet& triplet) {
  return {identity.name, triplet.sender, triplet.recipient};
}

}  // namespace greylist

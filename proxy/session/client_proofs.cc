#include "proxy/session/client_proofs.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>

#include "proxy/setup.h"

namespace proxy {

Wanted wanted_by(const Setup& setup) {
  const auto counts = [&ladder = setup.policy.identity](greylist::ProofKind kind) {
    return std::ranges::find(ladder, kind) != ladder.end();
  };
  return {.spf = counts(greylist::ProofKind::spf),
          .name = counts(greylist::ProofKind::rdns),
          .lists = !setup.dns_lists.allow.empty()};
}

// All together, so that it takes no longer than one answer may.
asio::awaitable<void> ClientProofs::look_up(std::shared_ptr<const Setup> setup, Wanted wanted, std::string sender,
                                            Client::Deadline deadline) {
  using namespace asio::experimental::awaitable_operators;
  client_.recall(sender);
  wanted = missing(wanted, sender);
  if (wanted == Wanted()) co_return;
  const auto nothing = []() -> asio::awaitable<void> { co_return; };
  co_await ((wanted.spf ? client_.look_up_spf(sender, deadline) : nothing()) &&
            (wanted.name ? client_.look_up_name(deadline) : nothing()) &&
            (wanted.lists ? client_.look_up_lists(setup, deadline) : nothing()));
}

Wanted ClientProofs::missing(Wanted wanted, std::string_view sender) const {
  return {.spf = wanted.spf && !client_.known_spf(sender),
          .name = wanted.name && !client_.is_named(),
          .lists = wanted.lists && !client_.known_lists()};
}

std::vector<greylist::Identity> ClientProofs::identities(const greylist::Policy& policy, Wanted wanted,
                                                         std::string_view sender) const {
  return greylist::identities(client_.address(), of(wanted, sender), policy.identity, policy.client_prefix);
}

bool ClientProofs::sure_who(Wanted wanted, std::string_view sender) const {
  if (!greylist::known_to_dns(client_.address())) return false;
  const auto* spf = client_.known_spf(sender);
  if (wanted.spf && (!spf || spf->result == SpfResult::temperror)) return false;
  return !wanted.name || client_.knows_whether_named();
}

// Who would be proved by a DNS that doesn't answer isn't his neighbours.
std::string ClientProofs::known_earner(const Setup& setup, std::string_view sender) const {
  const auto wanted = wanted_by(setup);
  return sure_who(wanted, sender) ? identities(setup.policy, wanted, sender).front().earner : std::string();
}

bool ClientProofs::on_allow_list() const { return client_.known_lists() && !client_.known_lists()->allow.empty(); }

greylist::Proof ClientProofs::of(Wanted wanted, std::string_view sender) const {
  greylist::Proof proof;
  if (const auto* spf = wanted.spf ? client_.known_spf(sender) : nullptr) proof.spf_domain = proved_domain(*spf);
  if (wanted.name) {
    proof.name = client_.known_name();
    proof.organisation = client_.organisation();
  }
  return proof;
}

}  // namespace proxy

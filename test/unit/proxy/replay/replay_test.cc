#include "proxy/replay/replay.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using greylist::Action;
using greylist::ProofKind;
using proxy::Replay;
using proxy::TracedAttempt;

namespace {

const greylist::Time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};

greylist::Policy policy() {
  greylist::Policy policy;
  policy.domains = greylist::DomainList({"example.org"});
  policy.identity = {ProofKind::spf, ProofKind::rdns};
  return policy;
}

smtp::Address address(const std::string& text) { return {text, text.find('@')}; }

TracedAttempt attempt(greylist::Duration after, const char* client, const std::string& spf_domain = "",
                      const std::string& sender = "alice@example.com") {
  TracedAttempt traced;
  traced.time = start + after;
  traced.client = *greylist::IpAddress::parse(client);
  traced.helo = "mail.example.com";
  traced.sender = address(sender);
  traced.recipient = address("bob@example.org");
  traced.proof.spf_domain = spf_domain;
  return traced;
}

}  // namespace

TEST_CASE("attempts are judged by their own clock, and by what they proved") {
  Replay replay(policy());
  const auto first = replay.judge(attempt(0min, "192.0.2.7", "example.com"));
  CHECK(first.word == "first_seen");
  CHECK(first.action == Action::put_off);
  CHECK(first.triplet == greylist::Triplet{"spf:example.com", "alice@example.com", "bob@example.org"});
  CHECK(replay.judge(attempt(1min, "192.0.2.7", "example.com")).word == "too_early");
  CHECK(replay.judge(attempt(6min, "198.51.100.7", "example.com")).word == "retried");
  CHECK(replay.judge(attempt(7min, "203.0.113.7", "example.com")).word == "known");
  CHECK(replay.judge(attempt(7min, "203.0.113.7")).word == "first_seen");

  const auto& summary = replay.summary();
  CHECK(summary.actions().all() == 5);
  CHECK(summary.actions().put_off == 3);
  CHECK(summary.actions().passed == 2);
  const auto triplets = summary.triplets();
  CHECK(triplets.all == 2);
  CHECK(triplets.passed == 1);
  CHECK(triplets.delays == std::vector<greylist::Duration>{6min});
  CHECK(summary.by_identity().at("spf").passed == 1);
  CHECK(summary.by_identity().at("network").passed == 0);
}

TEST_CASE("a triplet that comes back by another of its identities is the same") {
  Replay replay(policy());
  replay.judge(attempt(0min, "192.0.2.7", "example.com"));
  CHECK(replay.judge(attempt(6min, "192.0.2.9")).word == "retried");  // SPF couldn't be looked up
  CHECK(replay.summary().triplets().all == 1);
  CHECK(replay.summary().triplets().passed == 1);
}

TEST_CASE("a triplet that begins anew, having waited too long, is counted once") {
  Replay replay(policy());
  replay.judge(attempt(0min, "192.0.2.7"));
  CHECK(replay.judge(attempt(3 * 24h, "192.0.2.7")).word == "first_seen");
  CHECK(replay.summary().triplets().all == 1);
}

TEST_CASE("what passes earns, as if the backend had taken it") {
  auto generous = policy();
  generous.auto_allow = {.after = 1, .interval = 0s};
  Replay replay(std::move(generous));
  replay.judge(attempt(0min, "192.0.2.7"));
  replay.judge(attempt(6min, "192.0.2.7"));
  CHECK(replay.judge(attempt(7min, "192.0.2.7", "", "carol@example.net")).word == "auto_allowed");
}

TEST_CASE("lists, domains and forms of recipients decide as in a session") {
  auto listed = policy();
  REQUIRE(listed.allow.clients.add("mail.example.com"));
  REQUIRE(listed.block.senders.add("evil@example.com"));
  Replay replay(std::move(listed));
  auto named = attempt(0min, "192.0.2.7");
  named.proof.name = "mail.example.com";
  CHECK(replay.judge(named).word == "allow_client");
  CHECK(replay.judge(attempt(0min, "192.0.2.7", "", "evil@example.com")).word == "block_sender");
  auto elsewhere = attempt(0min, "192.0.2.7");
  elsewhere.recipient = address("bob@example.net");
  CHECK(replay.judge(elsewhere).word == "relay_denied");
  auto routed = attempt(0min, "192.0.2.7");
  routed.recipient = address("bob%example.net@example.org");
  CHECK(replay.judge(routed).word == "unsafe_recipient");
  CHECK(replay.summary().actions().refused == 3);
  CHECK(replay.summary().actions().passed == 1);
  CHECK(replay.summary().triplets().all == 0);
}

TEST_CASE("percentiles") {
  CHECK(proxy::percentile({}, 50) == 0s);
  CHECK(proxy::percentile({7s}, 95) == 7s);
  CHECK(proxy::percentile({3s, 1s, 2s}, 50) == 2s);
  CHECK(proxy::percentile({4s, 3s, 1s, 2s}, 50) == 2s);
  CHECK(proxy::percentile({4s, 3s, 1s, 2s}, 95) == 4s);
  CHECK(proxy::percentile({4s, 3s, 1s, 2s}, 100) == 4s);
}

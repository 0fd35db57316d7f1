#include "greylist/policy.h"

#include <doctest/doctest.h>

#include <functional>

using greylist::Action;
using greylist::Attempt;
using greylist::IpAddress;
using greylist::Mode;
using greylist::OnStoreFailure;
using greylist::Policy;
using greylist::Verdict;

namespace {

std::string outcome(const greylist::Screening& screening) {
  struct Names {
    std::string operator()(const greylist::Listed& listed) { return std::string(word(listed.verdict)); }
    std::string operator()(const greylist::NotOurDomain&) { return "not ours"; }
    std::string operator()(const greylist::NeedsName&) { return "name?"; }
    std::string operator()(const greylist::Unlisted&) { return "greylist"; }
  };
  return std::visit(Names{}, screening);
}

// 192.0.2.1, mx.blocked.example, bad@s.example, spamtrap@ are blocked; 192.0.2.2, mx.good.example, good@s.example,
// abuse@ allowed; both by name only where asked for.
Policy policy(bool block_names = true, bool allow_names = true) {
  Policy made;
  made.domains = greylist::DomainList({"x.org", "*.x.org"});
  REQUIRE(made.block.clients.add("192.0.2.1"));
  REQUIRE(made.block.senders.add("bad@s.example"));
  REQUIRE(made.block.recipients.add("spamtrap@"));
  REQUIRE(made.allow.clients.add("192.0.2.2"));
  REQUIRE(made.allow.senders.add("good@s.example"));
  REQUIRE(made.allow.recipients.add("abuse@"));
  REQUIRE(made.allow.recipients.add("postmaster@"));
  if (block_names) REQUIRE(made.block.clients.add(".blocked.example"));
  if (allow_names) REQUIRE(made.allow.clients.add(".good.example"));
  return made;
}

const std::optional<std::string> unknown;
const std::optional<std::string> none = "";

}  // namespace

TEST_CASE("block, then domains, then allow; the client's name is asked for last") {
  struct Row {
    const char* why;
    std::string_view client, sender, recipient;
    std::optional<std::string> name;
    const char* outcome;
  };
  for (const auto& [why, client, sender, recipient, name, expected] : {
           Row{"nothing known", "192.0.2.9", "a@s.example", "bob@x.org", none, "greylist"},
           Row{"blocked address, before its name is known", "192.0.2.1", "a@s.example", "bob@x.org", unknown,
               "block_client"},
           Row{"blocked sender", "192.0.2.9", "bad@s.example", "bob@x.org", unknown, "block_sender"},
           Row{"blocked recipient", "192.0.2.9", "a@s.example", "spamtrap@x.org", unknown, "block_recipient"},
           Row{"a name that may be blocked", "192.0.2.9", "a@s.example", "bob@x.org", unknown, "name?"},
           Row{"blocked name", "192.0.2.9", "a@s.example", "bob@x.org", "mx.blocked.example", "block_client"},
           Row{"block comes before domains", "192.0.2.1", "a@s.example", "bob@y.org", unknown, "block_client"},
           Row{"also by name", "192.0.2.9", "a@s.example", "bob@y.org", unknown, "name?"},
           Row{"block comes before allow", "192.0.2.1", "good@s.example", "abuse@x.org", unknown, "block_client"},
           Row{"also by name", "192.0.2.2", "a@s.example", "bob@x.org", "mx.blocked.example", "block_client"},
           Row{"client comes before sender", "192.0.2.1", "bad@s.example", "spamtrap@x.org", unknown, "block_client"},
           Row{"sender comes before recipient", "192.0.2.9", "bad@s.example", "spamtrap@x.org", unknown,
               "block_sender"},
           Row{"an address listed comes before a name", "192.0.2.9", "bad@s.example", "a@x.org", "mx.blocked.example",
               "block_sender"},
           Row{"domains come before allow", "192.0.2.2", "good@s.example", "abuse@y.org", none, "not ours"},
           Row{"allowed address", "192.0.2.2", "a@s.example", "bob@x.org", none, "allow_client"},
           Row{"allowed sender", "192.0.2.9", "Good@S.example", "bob@x.org", none, "allow_sender"},
           Row{"allowed recipient", "192.0.2.9", "a@s.example", "Abuse@x.org", none, "allow_recipient"},
           Row{"allowed name", "192.0.2.9", "a@s.example", "bob@x.org", "mx.good.example", "allow_client"},
           Row{"an allowed recipient comes before a name", "192.0.2.9", "a@s.example", "abuse@x.org", "mx.good.example",
               "allow_recipient"},
           Row{"null sender is on no list", "192.0.2.9", "", "bob@x.org", none, "greylist"},
           Row{"subdomain of ours", "192.0.2.9", "a@s.example", "bob@a.x.org.", none, "greylist"},
           Row{"the last domain counts", "192.0.2.9", "a@s.example", "\"bob@x.org\"@y.org", none, "not ours"},
           Row{"postmaster without a domain", "192.0.2.9", "a@s.example", "PostMaster", none, "allow_recipient"},
           Row{"anybody else without a domain", "192.0.2.9", "a@s.example", "bob", none, "not ours"},
           Row{"an allowed name without a domain", "192.0.2.9", "a@s.example", "abuse", none, "not ours"},
       }) {
    CAPTURE(why);
    CHECK(outcome(screen(policy(), {}, {*IpAddress::parse(client), "helo.example", sender, recipient}, name, {})) ==
          expected);
  }
}

TEST_CASE("a name is looked up only where it could tell") {
  struct Row {
    const char* why;
    bool block_names, allow_names;
    std::string_view client, recipient;
    const char* outcome;
  };
  for (const auto& [why, block_names, allow_names, client, recipient, expected] : {
           Row{"no names anywhere", false, false, "192.0.2.9", "bob@x.org", "greylist"},
           Row{"names are allowed", false, true, "192.0.2.9", "bob@x.org", "name?"},
           Row{"names are allowed, but the address is already", false, true, "192.0.2.2", "bob@x.org", "allow_client"},
           Row{"names are allowed, but the recipient is already", false, true, "192.0.2.9", "abuse@x.org",
               "allow_recipient"},
           Row{"names are allowed, but the domain isn't ours", false, true, "192.0.2.9", "bob@y.org", "not ours"},
           Row{"names are blocked: that would outrank the allowed address", true, false, "192.0.2.2", "bob@x.org",
               "name?"},
           Row{"names are blocked, but the address is already", true, false, "192.0.2.1", "bob@x.org", "block_client"},
       }) {
    CAPTURE(why);
    const Attempt attempt{*IpAddress::parse(client), "helo.example", "a@s.example", recipient};
    CHECK(outcome(screen(policy(block_names, allow_names), {}, attempt, unknown, {})) == expected);
  }
}

TEST_CASE("in mode off the lists and domains stay in force") {
  auto off = policy();
  off.mode = Mode::off;
  const auto verdict = [&](std::string_view client, std::string_view recipient) {
    return outcome(screen(off, {}, {*IpAddress::parse(client), "helo.example", "a@s.example", recipient}, none, {}));
  };
  CHECK(verdict("192.0.2.9", "bob@x.org") == "off");
  CHECK(verdict("192.0.2.1", "bob@x.org") == "block_client");
  CHECK(verdict("192.0.2.2", "bob@x.org") == "allow_client");
  CHECK(verdict("192.0.2.9", "bob@y.org") == "not ours");
}

TEST_CASE("postmaster without a domain is ours whatever the domains are") {
  for (const auto& domains : {std::vector<std::string>{"*"}, std::vector<std::string>{"x.org"}}) {
    Policy bare;
    bare.domains = greylist::DomainList(domains);
    CHECK(outcome(screen(bare, {}, {IpAddress{}, "h", "a@s.example", "postMASTER"}, none, {})) == "greylist");
    CHECK(outcome(screen(bare, {}, {IpAddress{}, "h", "a@s.example", "bob"}, none, {})) == "not ours");
  }
}

TEST_CASE("every verdict has its action") {
  struct Row {
    Verdict verdict;
    Action enforced, observed;
  };
  for (const auto& [verdict, enforced, observed] : {
           Row{Verdict::first_seen, Action::put_off, Action::pass},
           Row{Verdict::too_early, Action::put_off, Action::pass},
           Row{Verdict::retried, Action::pass, Action::pass},
           Row{Verdict::known, Action::pass, Action::pass},
           Row{Verdict::auto_allowed, Action::pass, Action::pass},
           Row{Verdict::allow_client, Action::pass, Action::pass},
           Row{Verdict::allow_sender, Action::pass, Action::pass},
           Row{Verdict::allow_recipient, Action::pass, Action::pass},
           Row{Verdict::block_client, Action::refuse, Action::refuse},
           Row{Verdict::block_sender, Action::refuse, Action::refuse},
           Row{Verdict::block_recipient, Action::refuse, Action::refuse},
           Row{Verdict::store_failure, Action::pass, Action::pass},
           Row{Verdict::off, Action::pass, Action::pass},
           Row{Verdict::rule_allow, Action::pass, Action::pass},
           Row{Verdict::rule_block, Action::refuse, Action::refuse},
           Row{Verdict::rule_put_off, Action::put_off, Action::pass},
           Row{Verdict::dns_allow, Action::pass, Action::pass},
           Row{Verdict::trap, Action::put_off, Action::pass},
           Row{Verdict::unknown_recipient, Action::refuse, Action::refuse},
       }) {
    CAPTURE(word(verdict));
    Policy enforce, observe;
    observe.mode = Mode::observe;
    CHECK(action_of(verdict, enforce) == enforced);
    CHECK(action_of(verdict, observe) == observed);
  }
  Policy defer;
  defer.on_store_failure = OnStoreFailure::defer;
  CHECK(action_of(Verdict::store_failure, defer) == Action::put_off);
  defer.mode = Mode::observe;
  CHECK(action_of(Verdict::store_failure, defer) == Action::pass);
}

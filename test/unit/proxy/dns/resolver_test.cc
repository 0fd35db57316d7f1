#include "proxy/dns/resolver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <exception>
#include <optional>

#include "proxy/dns/confirmed_name.h"
#include "test/unit/proxy/dns_responder.h"

namespace proxy {
namespace {

using namespace std::chrono_literals;
using Fault = DnsResponder::Fault;
using Outcome = ClientName::Outcome;

constexpr auto plenty = 30s;      // never waited for
constexpr auto patience = 150ms;  // waited for, where the DNS is silent

// One loop with a name server and a resolver that asks it.
struct Names {
  asio::io_context loop{1};
  DnsResponder dns{loop};
  std::optional<Resolver> resolver;

  explicit Names(std::chrono::milliseconds timeout = plenty) {
    resolver.emplace(loop, ResolverOptions{.servers = {dns.address()}, .timeout = timeout});
  }

  template <class Answer>
  Answer wait_for(asio::awaitable<Answer> question) {
    std::optional<Answer> answer;
    asio::co_spawn(loop, std::move(question), [&](std::exception_ptr thrown, Answer given) {
      CHECK(thrown == nullptr);
      answer = std::move(given);
    });
    while (!answer) loop.run_one();
    return *answer;
  }
  ClientName name_of(const char* client) {
    return wait_for(resolver->confirmed_name(asio::ip::make_address(client), resolver->deadline()));
  }
  std::string addresses_of(const char* host) {  // "192.0.2.1 2001:db8::1"
    const auto found = wait_for(resolver->addresses(host));
    if (!found) return "error: " + found.error();
    std::string texts;
    for (const auto& address : *found) texts += (texts.empty() ? "" : " ") + address.to_string();
    return texts;
  }
};

const ClientName none;
const ClientName later{Outcome::temporary_failure, "", ""};
ClientName confirmed(const char* name) { return {Outcome::confirmed, name, name}; }
ClientName not_confirmed(const char* name, Outcome outcome = Outcome::none) { return {outcome, "", name}; }

constexpr auto reverse = "1.2.0.192.in-addr.arpa";
constexpr auto reverse_v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";

TEST_CASE("a client's name is what its PTR and the name's address agree on") {
  struct Row {
    const char* why;
    void (*zone)(DnsResponder&);
    const char* client;
    ClientName name;
  };
  for (const auto& [why, zone, client, name] : {
           Row{"they agree",
               [](DnsResponder& dns) {
                 dns.pointer(reverse, "Mail.Example.ORG"), dns.ipv4("mail.example.org", "192.0.2.1");
               },
               "192.0.2.1", confirmed("mail.example.org")},
           Row{"an IPv4-mapped client is the IPv4 client",
               [](DnsResponder& dns) {
                 dns.pointer(reverse, "mail.example.org"), dns.ipv4("mail.example.org", "192.0.2.1");
               },
               "::ffff:192.0.2.1", confirmed("mail.example.org")},
           Row{"IPv6",
               [](DnsResponder& dns) {
                 dns.pointer(reverse_v6, "mail.example.org"), dns.ipv6("mail.example.org", "2001:db8::1");
               },
               "2001:db8::1", confirmed("mail.example.org")},
           Row{"an IPv6 client isn't confirmed by an A record",
               [](DnsResponder& dns) {
                 dns.pointer(reverse_v6, "mail.example.org"), dns.ipv4("mail.example.org", "192.0.2.1");
               },
               "2001:db8::1", not_confirmed("mail.example.org")},
           Row{"the reverse zone is delegated by a CNAME (RFC 2317)",
               [](DnsResponder& dns) {
                 dns.alias(reverse, "1.0_25.2.0.192.in-addr.arpa");
                 dns.pointer("1.0_25.2.0.192.in-addr.arpa", "mail.example.org");
                 dns.ipv4("mail.example.org", "192.0.2.1");
               },
               "192.0.2.1", confirmed("mail.example.org")},
           Row{"the name is an alias",
               [](DnsResponder& dns) {
                 dns.pointer(reverse, "mail.example.org");
                 dns.alias("mail.example.org", "host.example.org"), dns.ipv4("host.example.org", "192.0.2.1");
               },
               "192.0.2.1", confirmed("mail.example.org")},
           Row{"forged: the name has another address",
               [](DnsResponder& dns) {
                 dns.pointer(reverse, "mail.example.org"), dns.ipv4("mail.example.org", "192.0.2.2");
               },
               "192.0.2.1", not_confirmed("mail.example.org")},
           Row{"forged: the name doesn't exist", [](DnsResponder& dns) { dns.pointer(reverse, "mail.example.org"); },
               "192.0.2.1", not_confirmed("mail.example.org")},
           Row{"one of several",
               [](DnsResponder& dns) {
                 for (const auto name : {"a.example", "b.example", "c.example"}) dns.pointer(reverse, name);
                 dns.ipv4("b.example", "192.0.2.9"), dns.ipv4("c.example", "192.0.2.9"),
                     dns.ipv4("c.example", "192.0.2.1");
               },
               "192.0.2.1", confirmed("c.example")},
           Row{"no PTR", [](DnsResponder&) {}, "192.0.2.1", none},
           Row{"the reverse name has no PTR", [](DnsResponder& dns) { dns.ipv4(reverse, "192.0.2.1"); }, "192.0.2.1",
               none},
           Row{"a PTR no host may have",
               [](DnsResponder& dns) {
                 dns.pointer(reverse, "a b\r\n.example"), dns.ipv4("a b\r\n.example", "192.0.2.1");
               },
               "192.0.2.1", none},
       }) {
    CAPTURE(why);
    Names names;
    zone(names.dns);
    CHECK(names.name_of(client) == name);
  }
}

TEST_CASE("a faulty DNS: an answer in time, and no exception") {
  const auto later_perhaps = not_confirmed("mail.example.org", Outcome::temporary_failure);
  struct Row {
    const char* why;
    const char* name;
    Fault fault;
    ClientName verdict;
  };
  for (const auto& [why, name, fault, verdict] : {
           Row{"SERVFAIL for the reverse name", reverse, Fault::servfail, later},
           Row{"SERVFAIL for the name", "mail.example.org", Fault::servfail, later_perhaps},
           Row{"silence about the reverse name", reverse, Fault::silent, later},
           Row{"silence about the name", "mail.example.org", Fault::silent, later_perhaps},
           Row{"garbage", reverse, Fault::garbage, later},
           Row{"an answer to another question", reverse, Fault::wrong_id, later},
           Row{"a PTR record cut short", reverse, Fault::cut_short, none},
           Row{"an A record cut short", "mail.example.org", Fault::cut_short, later_perhaps},
           Row{"truncated: asked again over TCP", reverse, Fault::truncated, confirmed("mail.example.org")},
           Row{"truncated addresses", "mail.example.org", Fault::truncated, confirmed("mail.example.org")},
       }) {
    CAPTURE(why);
    const bool waits = fault == Fault::silent || fault == Fault::garbage || fault == Fault::wrong_id;
    Names names(waits ? patience : std::chrono::milliseconds(plenty));
    names.dns.pointer(reverse, "mail.example.org");
    names.dns.ipv4("mail.example.org", "192.0.2.1");
    names.dns.fault(name, fault);
    const auto asked = std::chrono::steady_clock::now();
    CHECK(names.name_of("192.0.2.1") == verdict);
    const auto took = std::chrono::steady_clock::now() - asked;
    CHECK(took < plenty / 3);
    CHECK((names.dns.questions_over_tcp() > 0) == (fault == Fault::truncated));
  }
}

TEST_CASE("one silent name among several doesn't hide the others, however many there are") {
  Names names(patience);
  for (const auto name : {"a.example", "b.example", "c.example"}) names.dns.pointer(reverse, name);
  names.dns.fault("a.example", Fault::silent);
  names.dns.ipv4("b.example", "192.0.2.9");
  names.dns.ipv4("c.example", "192.0.2.1");
  CHECK(names.name_of("192.0.2.1") == confirmed("c.example"));
}

TEST_CASE("what is known, or asked already, is not asked again") {
  Names names;
  names.dns.pointer(reverse, "mail.example.org");
  names.dns.ipv4("mail.example.org", "192.0.2.1");
  std::vector<ClientName> told;
  for (int i = 0; i < 3; ++i)
    asio::co_spawn(names.loop,
                   names.resolver->confirmed_name(asio::ip::make_address("192.0.2.1"), names.resolver->deadline()),
                   [&](std::exception_ptr, ClientName name) { told.push_back(std::move(name)); });
  while (told.size() < 3) names.loop.run_one();
  CHECK(names.name_of("192.0.2.1") == confirmed("mail.example.org"));
  for (const auto& name : told) CHECK(name == confirmed("mail.example.org"));
  CHECK(names.dns.questions() == 2);
}

TEST_CASE("SPF has its answer within the time-out, however many questions are unanswered") {
  Names names(patience);
  names.dns.fault("example.org", Fault::silent);
  const auto asked = std::chrono::steady_clock::now();
  const auto verdict =
      names.wait_for(names.resolver->check_spf({.sender = "alice@example.org"}, names.resolver->deadline()));
  CHECK(verdict.result == SpfResult::temperror);
  CHECK(verdict.reason == "example.org: no answer in time");
  CHECK(std::chrono::steady_clock::now() - asked < plenty / 3);
}

TEST_CASE("a hundred PTR names cost ten look-ups") {
  Names names;
  names.dns.fault(reverse, Fault::truncated);  // as such an answer is in truth
  for (int i = 100; i < 200; ++i) names.dns.pointer(reverse, "h" + std::to_string(i) + ".example");
  CHECK(names.name_of("192.0.2.1") == not_confirmed("h100.example"));
  CHECK(names.dns.questions() == 2 + NameConfirmation::max_names);
}

TEST_CASE("no name server at all") {
  asio::io_context elsewhere;
  std::string nobody;
  {
    nobody = DnsResponder(elsewhere).address();
  }
  Names names;
  names.resolver->reconfigure({.servers = {nobody}, .timeout = plenty});
  CHECK(names.name_of("192.0.2.1") == later);  // the port is closed: at once
  names.resolver->reconfigure({.servers = {"no such server"}, .timeout = plenty});
  CHECK(names.name_of("192.0.2.1") == later);
  CHECK(names.addresses_of("mail.example.org").starts_with("error: mail.example.org: name servers \"no such"));
}

TEST_CASE("the next server is asked where one fails or is silent") {
  for (const auto fault : {Fault::servfail, Fault::silent}) {
    Names names;
    DnsResponder second(names.loop);
    names.resolver->reconfigure({.servers = {names.dns.address(), second.address()}, .timeout = 1s});
    names.dns.fault(reverse, fault);
    second.pointer(reverse, "mail.example.org");
    names.dns.ipv4("mail.example.org", "192.0.2.1");
    CHECK(names.name_of("192.0.2.1") == confirmed("mail.example.org"));
  }
}

TEST_CASE("200 clients at once") {
  Names names;
  for (int i = 0; i < 200; ++i) {
    const auto name = "h" + std::to_string(i) + ".example";
    names.dns.pointer(std::to_string(i) + ".2.0.192.in-addr.arpa", name);
    names.dns.ipv4(name, "192.0.2." + std::to_string(i));
  }
  std::vector<ClientName> answers(200);
  int answered = 0;
  for (unsigned i = 0; i < 200; ++i)
    asio::co_spawn(
        names.loop,
        names.resolver->confirmed_name(asio::ip::make_address_v4(0xc0000200 + i), names.resolver->deadline()),
        [&, i](std::exception_ptr, ClientName name) {
          answers[i] = std::move(name);
          ++answered;
        });
  while (answered < 200) names.loop.run_one();
  for (unsigned i = 0; i < 200; ++i) CHECK(answers[i].name == "h" + std::to_string(i) + ".example");
}

TEST_CASE("who waits when the resolver goes is told so at once, and needs no resolver for it") {
  Names names;
  names.dns.fault(reverse, Fault::silent);
  names.dns.fault("mail.example.org", Fault::silent);
  names.dns.pointer("2.2.0.192.in-addr.arpa", "mail.example.org");
  std::vector<ClientName> answers;
  std::optional<std::expected<std::vector<asio::ip::address>, std::string>> addresses;
  const auto ask = [&](const char* client) {
    asio::co_spawn(names.loop,
                   names.resolver->confirmed_name(asio::ip::make_address(client), names.resolver->deadline()),
                   [&](std::exception_ptr, ClientName name) { answers.push_back(std::move(name)); });
  };
  ask("192.0.2.1");
  names.resolver->reconfigure({.servers = {names.dns.address()}, .timeout = plenty});  // the first waits on the old one
  ask("192.0.2.2");
  asio::co_spawn(names.loop, names.resolver->addresses("mail.example.org"),
                 [&](std::exception_ptr, auto found) { addresses = std::move(found); });
  while (names.dns.questions() < 5) names.loop.run_one();  // two PTR; A of the client's name; A and AAAA
  CHECK(answers.empty());
  auto never_begun = names.resolver->confirmed_name(asio::ip::make_address("192.0.2.3"), names.resolver->deadline());
  names.resolver.reset();
  CHECK(names.wait_for(std::move(never_begun)) == later);
  while (answers.size() < 2 || !addresses) names.loop.run_one();
  const std::vector both{later, not_confirmed("mail.example.org", Outcome::temporary_failure)};
  CHECK(std::is_permutation(answers.begin(), answers.end(), both.begin(), both.end()));
  CHECK_FALSE(addresses->has_value());
}

TEST_CASE("the loop may go while somebody waits") {
  Names names;
  names.dns.fault(reverse, Fault::silent);
  asio::co_spawn(names.loop,
                 names.resolver->confirmed_name(asio::ip::make_address("192.0.2.1"), names.resolver->deadline()),
                 [](std::exception_ptr, ClientName) {});
  while (names.dns.questions() == 0) names.loop.run_one();
}

TEST_CASE("the loop has nothing left to do once all is answered") {
  asio::io_context loop{1};
  asio::io_context elsewhere{1};
  std::string nobody = DnsResponder(elsewhere).address();
  Resolver resolver(loop, {.servers = {nobody}, .timeout = plenty});
  ClientName name;
  asio::co_spawn(loop, resolver.confirmed_name(asio::ip::make_address("192.0.2.1"), resolver.deadline()),
                 [&](std::exception_ptr, ClientName given) { name = given; });
  const auto began = std::chrono::steady_clock::now();
  loop.run();
  CHECK(std::chrono::steady_clock::now() - began < plenty / 3);
  CHECK(name == later);
}

TEST_CASE("the addresses of a host") {
  struct Row {
    const char* why;
    const char *host, *addresses;
  };
  Names names(patience);
  names.dns.ipv6("both.example", "2001:db8::1"), names.dns.ipv4("both.example", "192.0.2.1");
  names.dns.ipv4("four.example", "192.0.2.4");
  names.dns.ipv6("six.example", "2001:db8::6");
  names.dns.alias("alias.example", "both.example");
  names.dns.ipv4("half.example", "192.0.2.5"), names.dns.fault("half.example", Fault::silent, 28);
  names.dns.ipv4("sick.example", "192.0.2.6"), names.dns.fault("sick.example", Fault::servfail);
  names.dns.fault("silent.example", Fault::silent);
  names.dns.pointer("empty.example", "x.example");
  for (const auto& [why, host, addresses] : {
           Row{"an IPv4 literal", "192.0.2.9", "192.0.2.9"},
           Row{"an IPv6 literal", "2001:db8::9", "2001:db8::9"},
           Row{"IPv4 first", "both.example", "192.0.2.1 2001:db8::1"},
           Row{"IPv4 alone", "four.example", "192.0.2.4"},
           Row{"IPv6 alone", "six.example", "2001:db8::6"},
           Row{"an alias", "alias.example", "192.0.2.1 2001:db8::1"},
           Row{"AAAA is never answered: the A will do", "half.example", "192.0.2.5"},
           Row{"no such name", "nowhere.example", "error: nowhere.example: Domain name not found"},
           Row{"no address", "empty.example", "error: empty.example: DNS server returned answer with no data"},
           Row{"silence", "silent.example", "error: silent.example: no answer in time"},
           Row{"SERVFAIL", "sick.example", "error: sick.example: Could not contact DNS servers"},
           Row{"localhost needs no DNS and no hosts file", "x.localhost", "127.0.0.1 ::1"},
           Row{"nothing", "", "error: : Domain name not found"},
       }) {
    CAPTURE(why);
    CHECK(names.addresses_of(host) == addresses);
  }
  CHECK(names.addresses_of("localhost").contains("127.0.0.1"));
}

}  // namespace
}  // namespace proxy

#include "proxy/dns/confirmed_name.h"

#include <doctest/doctest.h>

namespace proxy {
namespace {

using Outcome = DnsAnswer::Outcome;

DnsAnswer pointers(std::vector<std::string> names) {
  return {.outcome = Outcome::found, .error = {}, .names = std::move(names)};
}

DnsAnswer addresses(const std::vector<std::string>& texts) {
  DnsAnswer answer{.outcome = Outcome::found, .error = {}};
  for (const auto& text : texts) answer.addresses.push_back(asio::ip::make_address(text));
  return answer;
}

TEST_CASE("the reverse name of a client") {
  struct Row {
    const char *why, *client, *name;
  };
  for (const auto& [why, client, name] : {
           Row{"IPv4 backwards by octets", "192.0.2.17", "17.2.0.192.in-addr.arpa"},
           Row{"IPv6 backwards by nibbles", "2001:db8::567:89ab",
               "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
           Row{"an IPv4-mapped address is asked as IPv4", "::ffff:192.0.2.17", "17.2.0.192.in-addr.arpa"},
       }) {
    CAPTURE(why);
    CHECK(NameConfirmation(asio::ip::make_address(client)).reverse_name() == name);
  }
}

TEST_CASE("the names to look up are sane, folded, sorted, distinct, at most ten") {
  struct Row {
    const char* why;
    std::vector<std::string> given, names;
  };
  for (const auto& [why, given, names] : {
           Row{"none", {}, {}},
           Row{"folded, without the dot", {"MAIL.Example.ORG."}, {"mail.example.org"}},
           Row{"sorted", {"b.example", "a.example"}, {"a.example", "b.example"}},
           Row{"twice is once", {"a.example", "A.example."}, {"a.example"}},
           Row{"the insane are left out", {"a b.example", "c.example", ""}, {"c.example"}},
           Row{"ten of twelve",
               {"l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"},
               {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}},
       }) {
    CAPTURE(why);
    NameConfirmation confirmation(asio::ip::make_address("192.0.2.1"));
    CHECK(confirmation.names(pointers(given)) == names);
  }
}

TEST_CASE("a name is confirmed by its own addresses alone") {
  const DnsAnswer absent{.outcome = Outcome::nothing, .error = "no such name"}, broken;
  const auto forged = addresses({"198.51.100.1"}), true_one = addresses({"198.51.100.1", "192.0.2.1"});
  const auto confirmed = [](const char* name) { return ClientName{ClientName::Outcome::confirmed, name, name}; };
  const ClientName none, later{ClientName::Outcome::temporary_failure, "", ""};
  const ClientName another{ClientName::Outcome::none, "", "a.example"};
  const ClientName perhaps{ClientName::Outcome::temporary_failure, "", "a.example"};
  struct Row {
    const char* why;
    DnsAnswer pointers;
    std::vector<DnsAnswer> lookups;
    ClientName verdict;
  };
  for (const auto& [why, ptr, lookups, verdict] : {
           Row{"no PTR", absent, {}, none},
           Row{"the reverse zone is broken", broken, {}, later},
           Row{"a PTR of nonsense", pointers({"a b"}), {}, none},
           Row{"name and address agree", pointers({"a.example"}), {true_one}, confirmed("a.example")},
           Row{"forged: the name has another address", pointers({"a.example"}), {forged}, another},
           Row{"forged: the name doesn't exist", pointers({"a.example"}), {absent}, another},
           Row{"the name's zone is broken", pointers({"a.example"}), {broken}, perhaps},
           Row{"the second of two", pointers({"a.example", "b.example"}), {forged, true_one}, confirmed("b.example")},
           Row{"both: the first", pointers({"b.example", "a.example"}), {true_one, true_one}, confirmed("a.example")},
           Row{"a broken one doesn't hide a good one",
               pointers({"a.example", "b.example"}),
               {broken, true_one},
               confirmed("b.example")},
           Row{"a broken one may be the good one", pointers({"a.example", "b.example"}), {broken, forged}, perhaps},
       }) {
    CAPTURE(why);
    NameConfirmation confirmation(asio::ip::make_address("192.0.2.1"));
    const auto names = confirmation.names(ptr);
    REQUIRE(names.size() == lookups.size());
    for (std::size_t i = 0; i < names.size(); ++i)
      if (confirmation.consider(names[i], lookups[i])) break;
    CHECK(confirmation.verdict() == verdict);
  }
}

}  // namespace
}  // namespace proxy

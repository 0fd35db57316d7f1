#include "greylist/lists/run_time_list.h"

#include <doctest/doctest.h>

using namespace greylist;
using namespace std::chrono_literals;

namespace {

const Time now{1'000'000s};

RunTimeEntry entry(std::string client, std::string sender, std::string recipient) {
  return {.client = std::move(client), .sender = std::move(sender), .recipient = std::move(recipient)};
}

RunTimeList list_of(RunTimeEntry one) {
  RunTimeList list;
  const auto added = list.add(std::move(one));
  REQUIRE_MESSAGE(added, (added ? "" : added.error()));
  return list;
}

}  // namespace

TEST_CASE("all conditions that are given must match") {
  struct Row {
    const char *client, *sender, *recipient;  // of the entry
    bool matches;  // 192.0.2.7, alice@Example.com, Bob@example.org, confirmed as mail.example.com
  };
  for (const auto& [client, sender, recipient, matches] : {
           Row{"192.0.2.7", "", "", true},
           Row{"192.0.2.0/24", "", "", true},
           Row{"192.0.3.0/24", "", "", false},
           Row{"mail.example.com", "", "", true},
           Row{".example.com", "", "", true},
           Row{"example.com", "", "", false},
           Row{"", "alice@example.com", "", true},
           Row{"", "@example.com", "", true},
           Row{"", "@.com", "", true},
           Row{"", "alice@", "", true},
           Row{"", "@example.net", "", false},
           Row{"", "", "bob@example.org", true},
           Row{"", "", "@example.org", true},
           Row{"", "", "alice@example.org", false},
           Row{"192.0.2.7", "@example.com", "bob@", true},
           Row{"192.0.2.8", "@example.com", "bob@", false},
           Row{"192.0.2.7", "@example.net", "bob@", false},
           Row{"192.0.2.7", "@example.com", "eve@", false},
       }) {
    CAPTURE(client);
    CAPTURE(sender);
    CAPTURE(recipient);
    const auto list = list_of(entry(client, sender, recipient));
    const auto match =
        list.match(*IpAddress::parse("192.0.2.7"), "alice@Example.com", "Bob@example.org", "mail.example.com", now);
    CHECK((match.entry != nullptr) == matches);
  }
}

TEST_CASE("a name is asked for only if it could tell") {
  const auto list = list_of(entry("mail.example.com", "@example.com", ""));
  const auto client = *IpAddress::parse("192.0.2.7");
  CHECK(list.match(client, "a@example.com", "b@example.org", std::nullopt, now).needs_name);
  CHECK_FALSE(list.match(client, "a@example.net", "b@example.org", std::nullopt, now).needs_name);
  CHECK_FALSE(list.match(client, "a@example.com", "b@example.org", "", now).needs_name);
  CHECK_FALSE(list.match(client, "a@example.com", "b@example.org", "", now).entry);
}

TEST_CASE("entries of many networks are told apart") {
  RunTimeList list;
  for (const auto* client : {"192.0.2.7", "192.0.2.0/25", "198.51.100.0/24", "2001:db8:1::/48", "2001:db8::7", "::/0"})
    for (const auto* sender : {"", "alice@"}) REQUIRE(list.add(entry(client, sender, "")));
  REQUIRE(list.add(entry("203.0.113.0/24", "bob@", "")));
  for (const auto& [client, matched] : {
           std::pair{"192.0.2.7", "192.0.2.0/25"},
           {"192.0.2.8", "192.0.2.0/25"},
           {"192.0.2.128", ""},
           {"198.51.100.255", "198.51.100.0/24"},
           {"::ffff:198.51.100.255", "198.51.100.0/24"},
           {"203.0.113.7", ""},
           {"2001:db8::7", "::/0"},
           {"2001:db8:1:2::3", "::/0"},
       }) {
    CAPTURE(client);
    const auto match = list.match(*IpAddress::parse(client), "carol@example.com", "b@example.org", "", now);
    CHECK((match.entry ? match.entry->client : "") == matched);
  }
  const auto bob = list.match(*IpAddress::parse("203.0.113.7"), "bob@example.com", "b@example.org", "", now);
  REQUIRE(bob.entry);
  CHECK(bob.entry->sender == "bob@");
}

TEST_CASE("what has lapsed matches no more") {
  auto brief = entry("192.0.2.7", "", "");
  brief.lapses = now;
  const auto list = list_of(brief);
  const auto client = *IpAddress::parse("192.0.2.7");
  CHECK(list.match(client, "", "b@example.org", "", now - 1s).entry);
  CHECK_FALSE(list.match(client, "", "b@example.org", "", now).entry);
}

TEST_CASE("an entry that can't be used says why") {
  for (const auto& [bad, phrase] :
       {std::pair{entry("", "", ""), "a condition is missing"}, std::pair{entry("192.0.2.300", "", ""), "client: "},
        std::pair{entry("", "example.com", ""), "sender: "}, std::pair{entry("", "", "@"), "recipient: "}}) {
    CAPTURE(phrase);
    RunTimeList list;
    const auto added = list.add(bad);
    REQUIRE_FALSE(added);
    CHECK(added.error().starts_with(phrase));
    CHECK(list.empty());
  }
}

TEST_CASE("entries that mean the same have one spelling") {
  struct Row {
    const char *client, *sender, *recipient, *canonical_client, *canonical_sender, *canonical_recipient;
  };
  for (const auto& [client, sender, recipient, canonical_client, canonical_sender, canonical_recipient] : {
           Row{"192.0.2.7/24", "", "", "192.0.2.0/24", "", ""},
           Row{"192.0.2.7/32", "", "", "192.0.2.7", "", ""},
           Row{"2001:DB8:0::1", "", "", "2001:db8::1", "", ""},
           Row{"Mail.Example.COM", "", "", "mail.example.com", "", ""},
           Row{"*.Example.com", "", "", ".example.com", "", ""},
           Row{"", "Carl@Example.COM",
               "@b\xc3\xbc"
               "cher.example",
               "", "Carl@example.com", "@xn--bcher-kva.example"},
           Row{"", "abuse@", "@*.example.org", "", "abuse@", "@.example.org"},
       }) {
    const auto one = canonical(entry(client, sender, recipient));
    CHECK(one.client == canonical_client);
    CHECK(one.sender == canonical_sender);
    CHECK(one.recipient == canonical_recipient);
    CHECK(canonical(one) == one);
  }
}

#include "greylist/lists/address_list.h"

#include <doctest/doctest.h>

using greylist::AddressList;

TEST_CASE("a configured entry is an address, a domain or a local part") {
  struct Row {
    const char* why;
    std::string_view entry, address;
    bool matches;
  };
  for (const auto& [why, entry, address, matches] : {
           Row{"address", "ceo@example.com", "ceo@example.com", true},
           Row{"address in another case", "CEO@example.com", "ceo@Example.COM", true},
           Row{"trailing dot", "ceo@example.com", "ceo@example.com.", true},
           Row{"needless quotes", "ceo@example.com", "\"ceo\"@example.com", true},
           Row{"needless backslashes", "ceo@example.com", "\"c\\eo\"@example.com", true},
           Row{"needed quotes", "\"a b\"@example.com", "\"A\\ b\"@example.com", true},
           Row{"another local part", "ceo@example.com", "cfo@example.com", false},
           Row{"another domain", "ceo@example.com", "ceo@example.org", false},
           Row{"a subdomain", "ceo@example.com", "ceo@a.example.com", false},
           Row{"a sub-address is another address", "ceo@example.com", "ceo+x@example.com", false},
           Row{"U-label", "ceo@bücher.example", "ceo@xn--bcher-kva.example", true},
           Row{"A-label", "ceo@xn--bcher-kva.example", "ceo@Bücher.example", true},
           Row{"domain", "@example.com", "anybody@EXAMPLE.com", true},
           Row{"domain leaves its subdomains", "@example.com", "anybody@a.example.com", false},
           Row{"domain is no suffix", "@example.com", "anybody@badexample.com", false},
           Row{"domain as a local part's end", "@example.com", "\"x@example.com\"@example.org", false},
           Row{"subdomains", "@.example.com", "anybody@a.example.com", true},
           Row{"subdomains with a star", "@*.example.com", "anybody@a.b.example.com", true},
           Row{"subdomains leave the domain", "@.example.com", "anybody@example.com", false},
           Row{"local part", "abuse@", "Abuse@example.com", true},
           Row{"local part, quoted", "abuse@", "\"abuse\"@example.com", true},
           Row{"another local part", "abuse@", "abuser@example.com", false},
           Row{"postmaster without a domain", "postmaster@", "PostMaster", true},
           Row{"domain of an address without one", "@example.com", "example.com", false},
           Row{"null reverse-path", "postmaster@", "", false},
       }) {
    CAPTURE(why);
    AddressList list;
    CHECK(list.empty());
    REQUIRE(list.add(entry).has_value());
    CHECK_FALSE(list.empty());
    CHECK(list.matches(address) == matches);
  }
}

TEST_CASE("an error says what would be right") {
  struct Row {
    const char* why;
    std::string_view entry, right;
  };
  for (const auto& [why, entry, right] : {
           Row{"domain without at sign", "example.org", "\"@example.org\""},
           Row{"subdomains without at sign", ".example.org", "\"@.example.org\""},
           Row{"starred subdomains without at sign", "*.example.org", "\"@*.example.org\""},
           Row{"star for a local part", "*@example.org", "\"@example.org\""},
           Row{"star for a domain", "bob@*", "\"user@\""},
           Row{"everybody", "@", "\"@example.org\""},
           Row{"every domain", "@*", "\"@example.org\""},
           Row{"local part at subdomains", "bob@*.example.org", "\"@.example.org\""},
           Row{"empty", "", "\"@example.org\""},
           Row{"blank", "bob smith@example.org", "\"user@example.org\""},
           Row{"blank in the domain", "bob@example .org", "\"user@example.org\""},
           Row{"two at signs", "bob@example.org@example.net", "\"user@example.org\""},
           Row{"angle brackets", "<bob@example.org>", "\"user@example.org\""},
           Row{"null reverse-path", "<>", "\"user@example.org\""},
           Row{"empty label", "bob@example..org", "\"user@example.org\""},
       }) {
    CAPTURE(why);
    AddressList list;
    const auto added = list.add(entry);
    REQUIRE_FALSE(added.has_value());
    CAPTURE(added.error());
    CHECK(added.error().contains(right));
    CHECK(list.empty());
  }
}

TEST_CASE("postgrey's whitelist_recipients is read as postgrey reads it") {
  struct Row {
    const char* why;
    std::string_view line, address;
    bool matches;
  };
  for (const auto& [why, line, address, matches] : {
           Row{"domain", "example.com", "bob@Example.com", true},
           Row{"its subdomains", "example.com", "bob@a.example.com", true},
           Row{"no whole label", "example.com", "bob@badexample.com", false},
           Row{"user everywhere", "postmaster@", "Postmaster@example.com", true},
           Row{"user without a domain", "postmaster@", "postmaster", true},
           Row{"user with an extension", "postmaster@", "postmaster+x@example.com", true},
           Row{"user with an empty extension", "postmaster@", "postmaster+@example.com", false},
           Row{"a longer user", "postmaster@", "postmasters@example.com", false},
           Row{"address", "bob@example.com", "BOB@example.com", true},
           Row{"address with an extension", "bob@example.com", "bob+x@example.com", true},
           Row{"address with an extension that has a plus", "bob@example.com", "bob+x+y@example.com", true},
           Row{"extended address, extended again", "bob+x@example.com", "bob+x+y@example.com", true},
           Row{"extended address without its extension", "bob+x@example.com", "bob@example.com", false},
           Row{"address in another domain", "bob@example.com", "bob@example.org", false},
           Row{"nobody with an extension", "bob@", "+bob@example.org", false},
           Row{"comment behind it", "bob@example.com # on leave", "bob@example.com", true},
           Row{"expression", "/^b.b@example\\.com$/", "bub@EXAMPLE.com", true},
           Row{"expression is unanchored", "/@example/", "bub@example.com", true},
           Row{"expression and a trailing dot", "/@example\\.com$/", "bob@example.com.", true},
           Row{"expression in A-labels", "/@xn--/", "bob@bücher.example", true},
           Row{"expression in U-labels", "/@BÜCHER/", "bob@bücher.example", true},
           Row{"expression that doesn't fit", "/^b.b@example\\.com$/", "bob@example.org", false},
       }) {
    CAPTURE(why);
    AddressList list;
    REQUIRE(list.add_postgrey(line).has_value());
    CHECK(list.matches(address) == matches);
  }
}

TEST_CASE("lines of a postgrey file that are nothing, and that are wrong") {
  for (const auto* line : {"", "  \t", "# bob@example.com", "\r\n"}) {
    CAPTURE(line);
    AddressList list;
    CHECK(list.add_postgrey(line).has_value());
    CHECK(list.empty());
  }
  for (const auto* line : {"a b", "/a b/", "/a", "//", "/a(/", "a b@c", "*"}) {
    CAPTURE(line);
    AddressList list;
    CHECK_FALSE(list.add_postgrey(line).has_value());
    CHECK(list.empty());
  }
}

TEST_CASE("entries of all kinds live side by side") {
  AddressList list;
  for (const auto* entry : {"ceo@example.com", "@example.org", "@.example.net", "abuse@"})
    REQUIRE(list.add(entry).has_value());
  REQUIRE(list.add_postgrey("bob@example.edu").has_value());
  REQUIRE(list.add_postgrey("/^x\\d@/").has_value());
  for (const auto* hit :
       {"ceo@example.com", "a@example.org", "a@b.example.net", "abuse@x", "bob+1@example.edu", "x7@y"}) {
    CAPTURE(hit);
    CHECK(list.matches(hit));
  }
  for (const auto* miss : {"ceo+1@example.com", "a@b.example.org", "a@example.net", "bob@example.com", "x@y"}) {
    CAPTURE(miss);
    CHECK_FALSE(list.matches(miss));
  }
}

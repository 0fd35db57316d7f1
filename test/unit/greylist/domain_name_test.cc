#include "greylist/domain_name.h"

#include <doctest/doctest.h>

using greylist::canonical_domain;
using greylist::DomainList;
using greylist::DomainPattern;

TEST_CASE("every spelling of a domain has one canonical form") {
  struct Row {
    const char* why;
    std::string_view name, canonical;
  };
  for (const auto& [why, name, canonical] : {
           Row{"lower case already", "example.org", "example.org"},
           Row{"case is folded", "EXAMPLE.Org", "example.org"},
           Row{"trailing dot goes", "example.org.", "example.org"},
           Row{"U-label becomes A-label", "bücher.example", "xn--bcher-kva.example"},
           Row{"U-label in upper case", "BÜCHER.example", "xn--bcher-kva.example"},
           Row{"decomposed U-label", "bu\u0308cher.example", "xn--bcher-kva.example"},
           Row{"A-label in upper case", "XN--BCHER-KVA.example", "xn--bcher-kva.example"},
           Row{"sharp s is kept: not transitional", "straße.example", "xn--strae-oqa.example"},
           Row{"ideographic full stop", "bücher。example", "xn--bcher-kva.example"},
           Row{"ideographic full stop at the end", "bücher.example。", "xn--bcher-kva.example"},
           Row{"underscore beside a U-label", "_a.bücher.example", "_a.xn--bcher-kva.example"},
           Row{"full-width at sign is no at sign", "A＠ü.example", "a＠ü.example"},
           Row{"not UTF-8: ASCII letters are folded", "B\xff.Example", "b\xff.example"},
           Row{"empty", "", ""},
           Row{"only a dot", ".", ""},
       }) {
    CAPTURE(why);
    CHECK(canonical_domain(name) == canonical);
    CHECK(canonical_domain(canonical) == canonical);
  }
  CHECK(canonical_domain(std::string_view("\xc3\xbc\0x", 4)) == std::string_view("\xc3\xbc\0x", 4));
}

TEST_CASE("what can be a domain name") {
  for (const auto* name :
       {"example.org", "localhost", "a-b.example", "_x.example", "bücher.example", "example.org.", "3com.com"}) {
    CAPTURE(name);
    CHECK(greylist::is_domain_name(name));
  }
  for (const auto* name :
       {"", ".", ".example.org", "a..b", "a b", "a@b", "192.0.2.1", "192.168", "10/8", "*.org", "a\tb", "[::1]"}) {
    CAPTURE(name);
    CHECK_FALSE(greylist::is_domain_name(name));
  }
}

TEST_CASE("a pattern matches the domain, its subdomains, or everything") {
  struct Row {
    const char* why;
    std::string_view pattern, domain;
    bool matches;
  };
  for (const auto& [why, pattern, domain, matches] : {
           Row{"itself", "example.org", "example.org", true},
           Row{"no subdomain of an exact one", "example.org", "a.example.org", false},
           Row{"case and trailing dot", "Example.ORG.", "eXample.org.", true},
           Row{"star takes subdomains", "*.example.org", "a.example.org", true},
           Row{"star takes deeper ones", "*.example.org", "a.b.example.org", true},
           Row{"star leaves the domain itself", "*.example.org", "example.org", false},
           Row{"dot takes subdomains", ".example.org", "a.example.org", true},
           Row{"dot leaves the domain itself", ".example.org", "example.org", false},
           Row{"only whole labels", ".example.org", "badexample.org", false},
           Row{"an empty label is no subdomain", "*.example.org", ".example.org", false},
           Row{"U-label pattern, A-label name", "bücher.example", "xn--bcher-kva.example", true},
           Row{"A-label pattern, U-label name", "*.xn--bcher-kva.example", "a.Bücher.example", true},
           Row{"everything", "*", "a.example", true},
           Row{"an empty pattern", "", "example.org", false},
           Row{"an empty pattern, an empty name", "", "", false},
           Row{"a lone dot", ".", "example.org", false},
           Row{"a lone dot and a trailing dot", ".", "org.", false},
       }) {
    CAPTURE(why);
    CHECK(DomainPattern(pattern).matches(canonical_domain(domain)) == matches);
    CHECK(DomainList({std::string(pattern)}).matches(domain) == matches);
  }
}

TEST_CASE("a list matches if any pattern does, and knows whether it takes everything") {
  const DomainList list({"example.org", "*.example.net", "bücher.example"});
  CHECK(list.matches("example.org"));
  CHECK(list.matches("mx.EXAMPLE.net"));
  CHECK(list.matches("bÜcher.example."));
  CHECK_FALSE(list.matches("example.net"));
  CHECK_FALSE(list.matches("example.com"));
  CHECK_FALSE(list.matches(""));
  CHECK_FALSE(list.everything());
  CHECK(list.patterns().size() == 3);
  CHECK(list.patterns()[1].text() == "*.example.net");
  CHECK(DomainList({"example.org", "*"}).everything());
  CHECK_FALSE(DomainList().matches("example.org"));
}

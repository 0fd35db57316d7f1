#include "proxy/spf/macro.h"

#include <doctest/doctest.h>

namespace proxy {
namespace {

// The example of RFC 7208 §7.4.
SpfMacroValues example(const char* client) {
  return {.client = *greylist::IpAddress::parse(client),
          .local_part = "strong-bad",
          .sender_domain = "email.example.com",
          .helo = "mail.example.com",
          .domain = "email.example.com",
          .validated_name = "mx.example.org"};
}

TEST_CASE("macros stand for what RFC 7208 §7.4 says") {
  struct Row {
    const char *text, *client, *expanded;
  };
  for (const auto& [text, client, expanded] : {
           Row{"%{s}", "192.0.2.3", "strong-bad@email.example.com"},
           Row{"%{o}", "192.0.2.3", "email.example.com"},
           Row{"%{d4}", "192.0.2.3", "email.example.com"},
           Row{"%{d3}", "192.0.2.3", "email.example.com"},
           Row{"%{d2}", "192.0.2.3", "example.com"},
           Row{"%{d1}", "192.0.2.3", "com"},
           Row{"%{dr}", "192.0.2.3", "com.example.email"},
           Row{"%{d2r}", "192.0.2.3", "example.email"},
           Row{"%{l}", "192.0.2.3", "strong-bad"},
           Row{"%{l-}", "192.0.2.3", "strong.bad"},
           Row{"%{lr}", "192.0.2.3", "strong-bad"},
           Row{"%{lr-}", "192.0.2.3", "bad.strong"},
           Row{"%{l1r-}", "192.0.2.3", "strong"},
           Row{"%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com"},
           Row{"%{lr-}.lp._spf.%{d2}", "192.0.2.3", "bad.strong.lp._spf.example.com"},
           Row{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
           Row{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
           Row{"%{d2}.trusted-domains.example.net", "192.0.2.3", "example.com.trusted-domains.example.net"},
           Row{"%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01",
               "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"},
           Row{"%{p}/%{h}", "192.0.2.3", "mx.example.org/mail.example.com"},
           Row{"%{S}", "192.0.2.3", "strong-bad%40email.example.com"},
           Row{"100%%%_%-", "192.0.2.3", "100% %20"},
           Row{"", "192.0.2.3", ""},
       }) {
    CAPTURE(text);
    const auto macro = SpfMacroString::parse(text);
    REQUIRE(macro);
    CHECK(macro->expand(example(client)) == expanded);
  }
}

TEST_CASE("what isn't a macro string") {
  for (const auto text :
       {"%", "%d", "%{", "%{d", "%{}", "%{x}", "%{d0}", "%{d2rr}", "%{dr2}", "%{d;}", "a b", "\x80", "%{c}", "%{t}"}) {
    CAPTURE(text);
    CHECK(!SpfMacroString::parse(text));
  }
}

TEST_CASE("a domain-spec ends with a macro or with what may be a top-level domain") {
  for (const auto text :
       {"example.org", "example.org.", "%{d}", "a.%{d}", "_spf.example.org", "a:b/c.example.org", "x.1-2", "x.%%"}) {
    CAPTURE(text);
    CHECK(SpfDomain::parse(text));
  }
  for (const auto text : {"", "org", "example.1", "example.-a", "example.a-", "example..", "example.o_g", "%{d}x"}) {
    CAPTURE(text);
    CHECK(!SpfDomain::parse(text));
  }
}

TEST_CASE("an expanded name is shortened from the left to 253 octets") {
  auto values = example("192.0.2.3");
  values.local_part =
      std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + "." + std::string(60, 'd');
  const auto name = SpfDomain::parse("%{l}.%{o}")->expand(values);
  CHECK(name == values.local_part.substr(61) + ".email.example.com");
}

}  // namespace
}  // namespace proxy

#include "proxy/dns/dns_name.h"

#include <doctest/doctest.h>

#include <string>

namespace proxy {
namespace {

TEST_CASE("a name is below a domain whole labels at a time, in any case") {
  CHECK(is_same_or_below("MX.example.org", "example.ORG"));
  CHECK(is_same_or_below("example.org.", "example.org"));
  CHECK(!is_same_or_below("notexample.org", "example.org"));
  CHECK(!is_same_or_below("org", "example.org"));
}

TEST_CASE("a host name is letters, digits, - and _ in labels") {
  struct Row {
    const char* why;
    std::string name;
    bool sane;
  };
  const std::string label(63, 'a');
  const auto long_name = label + '.' + label + '.' + label + '.';  // 192 octets
  for (const auto& [why, name, sane] : {
           Row{"a plain name", "mail.example.org", true},
           Row{"with a trailing dot", "mail.example.org.", true},
           Row{"capitals, digits, underscore", "MX_1.ex-ample.ORG", true},
           Row{"one label", "localhost", true},
           Row{"253 octets", long_name + std::string(61, 'a'), true},
           Row{"254 octets", long_name + std::string(62, 'a'), false},
           Row{"a label of 64", label + "a.org", false},
           Row{"empty", "", false},
           Row{"the root", ".", false},
           Row{"an empty label", "mail..example.org", false},
           Row{"a leading dot", ".example.org", false},
           Row{"a blank", "mail example.org", false},
           Row{"a control character", "mail\r\n.example.org", false},
           Row{"an escape as c-ares writes it", "mail\\032.example.org", false},
           Row{"a slash", "0/25.2.0.192.in-addr.arpa", false},
           Row{"eight bits",
               "b\xc3\xbc"
               "cher.example",
               false},
           Row{"an octet of zero", std::string("a\0b.org", 7), false},
       }) {
    CAPTURE(why);
    CHECK(is_host_name(name) == sane);
  }
}

TEST_CASE("what the DNS can be asked for has two labels of a legal length, of any octets") {
  const std::string label(63, 'a');
  for (const auto& name :
       {std::string("example.org"), std::string("example.org."), std::string("a b.\xc3\xbc"), label + ".org"}) {
    CAPTURE(name);
    CHECK(is_fully_qualified(name));
  }
  for (const auto& name : {std::string("org"), std::string("org."), std::string(), std::string("."),
                           std::string("a..org"), label + "a.org", label + '.' + label + '.' + label + '.' + label}) {
    CAPTURE(name);
    CHECK(!is_fully_qualified(name));
  }
}

}  // namespace
}  // namespace proxy

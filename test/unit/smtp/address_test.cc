#include "smtp/address.h"

#include <doctest/doctest.h>

#include <string>

#include "smtp/path.h"

using smtp::Address;
using namespace std::string_literals;

namespace {

Address address(const std::string& text) {
  const auto path = smtp::parse_path("<" + text + ">");
  REQUIRE(path);
  return path->address;
}

}  // namespace

TEST_CASE("an address has a local part and perhaps a domain") {
  struct Row {
    std::string why;
    std::string text, local, unquoted, domain;
  };
  for (const auto& [why, text, local, unquoted, domain] : {
           Row{"plain", "bob@example.org", "bob", "bob", "example.org"},
           Row{"no domain", "bob", "bob", "bob", ""},
           Row{"quoted", "\"a b\"@x.org", "\"a b\"", "a b", "x.org"},
           Row{"an at sign in quotes", "\"a@b\"@x.org", "\"a@b\"", "a@b", "x.org"},
           Row{"quoted-pairs", R"("a\"\\\b"@x.org)", R"("a\"\\\b")", R"(a"\b)", "x.org"},
           Row{"mixed", "a.\"b c\".d@x.org", "a.\"b c\".d", "a.b c.d", "x.org"},
           Row{"a trailing dot", "bob@example.org.", "bob", "bob", "example.org."},
           Row{"a literal", "bob@[192.0.2.1]", "bob", "bob", "[192.0.2.1]"},
           Row{"empty quotes", "\"\"@x.org", "\"\"", "", "x.org"},
       }) {
    CAPTURE(why);
    const auto read = address(text);
    CHECK(read.text() == text);
    CHECK(read.local_part() == local);
    CHECK(read.unquoted_local_part() == unquoted);
    CHECK(read.has_domain() == !domain.empty());
    CHECK(read.domain() == domain);
    CHECK_FALSE(read.null());
  }
  CHECK(Address().null());
  CHECK_FALSE(Address().has_domain());
}

TEST_CASE("postmaster needs no domain") {
  CHECK(address("postmaster").bare_postmaster());
  CHECK(address("PostMaster").bare_postmaster());
  CHECK(address("\"postmaster\"").bare_postmaster());
  CHECK_FALSE(address("postmaster@x.org").bare_postmaster());
  CHECK_FALSE(address("abuse").bare_postmaster());
  CHECK_FALSE(Address().bare_postmaster());
}

TEST_CASE("an address is ASCII or not") {
  CHECK(address("bob@x.org").ascii());
  CHECK_FALSE(address("j\xc3\xb6rg@x.org").ascii());
  CHECK_FALSE(address("bob@b\xc3\xbc"
                      "cher.example")
                  .ascii());
}

TEST_CASE("recipients that could be routed elsewhere") {
  struct Row {
    std::string why;
    std::string text;
    bool unsafe;
  };
  for (const auto& [why, text, unsafe] : {
           Row{"plain", "bob@x.org", false},
           Row{"blanks in quotes", "\"a b\"@x.org", false},
           Row{"a slash within", "a/b@x.org", false},
           Row{"odd but harmless", "a..b+c=d#e*f@x.org", false},
           Row{"UTF-8", "j\xc3\xb6rg@x.org", false},
           Row{"no domain", "bob", false},
           Row{"an address literal", "bob@[192.0.2.1]", true},
           Row{"a percent sign", "bob%y.org@x.org", true},
           Row{"a quoted percent sign", "\"bob%y.org\"@x.org", true},
           Row{"a bang", "y.org!bob@x.org", true},
           Row{"a quoted at sign", "\"bob@y.org\"@x.org", true},
           Row{"an escaped at sign", "\"bob\\@y.org\"@x.org", true},
           Row{"a file", "/etc/passwd@x.org", true},
           Row{"a quoted file", "\"/etc/passwd\"@x.org", true},
           Row{"an escaped file", "\"\\/etc/passwd\"@x.org", true},
           Row{"a file behind empty quotes", "\"\"/etc/passwd@x.org", true},
           Row{"a control character", "\"a\x01z\"@x.org", true},
           Row{"an escaped control character", "\"a\\\x1bz\"@x.org", true},
           Row{"a tab", "\"a\tz\"@x.org", true},
           Row{"DEL",
               "\"a\x7f"
               "z\"@x.org",
               true},
           Row{"neither ASCII nor UTF-8",
               "b\xf6"
               "b@x.org",
               true},
           Row{"a percent sign without domain", "bob%y.org", true},
       }) {
    CAPTURE(why);
    CHECK(address(text).unsafe_recipient() == unsafe);
  }
}

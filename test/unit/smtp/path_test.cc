#include "smtp/path.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::string_view_literals;

TEST_CASE("a path is read as widely as it can be carried") {
  struct Row {
    std::string why;
    std::string_view text, address, rest;
  };
  const std::string local_of_100(100, 'a');
  const std::string long_local = local_of_100 + "@x.org";
  const std::string long_path = "<" + long_local + ">";
  for (const auto& [why, text, address, rest] : {
           Row{"null", "<>", "", ""},
           Row{"null with parameters", "<> SIZE=1", "", " SIZE=1"},
           Row{"plain", "<bob@x.org>", "bob@x.org", ""},
           Row{"parameters", "<bob@x.org> SIZE=1", "bob@x.org", " SIZE=1"},
           Row{"parameters without a blank", "<bob@x.org>SIZE=1", "bob@x.org", "SIZE=1"},
           Row{"no brackets", "bob@x.org", "bob@x.org", ""},
           Row{"no brackets, parameters", "bob@x.org SIZE=1", "bob@x.org", " SIZE=1"},
           Row{"no brackets, a tab", "bob@x.org\tSIZE=1", "bob@x.org", "\tSIZE=1"},
           Row{"no brackets, quoted blank", "\"a b\"@x.org SIZE=1", "\"a b\"@x.org", " SIZE=1"},
           Row{"a quoted bracket", "<\"a>b\"@x.org> SIZE=1", "\"a>b\"@x.org", " SIZE=1"},
           Row{"an escaped quote", R"(<"a\">b"@x.org>)", R"("a\">b"@x.org)", ""},
           Row{"no domain", "<bob>", "bob", ""},
           Row{"no domain, no brackets", "bob", "bob", ""},
           Row{"dots anywhere", "<.a..b.@x.org>", ".a..b.@x.org", ""},
           Row{"nothing but dots", "<...@x.org>", "...@x.org", ""},
           Row{"a long local part", long_path, long_local, ""},
           Row{"odd printable octets", "<a,b:c;d(e)[f]g@x.org>", "a,b:c;d(e)[f]g@x.org", ""},
           Row{"mixed quotes", "<a.\"b c\".d@x.org>", "a.\"b c\".d@x.org", ""},
           Row{"empty quotes", "<\"\"@x.org>", "\"\"@x.org", ""},
           Row{"a control character in quotes", "<\"a\x01z\"@x.org>", "\"a\x01z\"@x.org", ""},
           Row{"an underscore in the domain", "<bob@a_b.x.org>", "bob@a_b.x.org", ""},
           Row{"a trailing dot", "<bob@x.org.>", "bob@x.org.", ""},
           Row{"one label", "<bob@localhost>", "bob@localhost", ""},
           Row{"hyphens anywhere", "<bob@-x-.org>", "bob@-x-.org", ""},
           Row{"UTF-8",
               "<b\xc3\xb6"
               "b@b\xc3\xbc"
               "cher.example>",
               "b\xc3\xb6"
               "b@b\xc3\xbc"
               "cher.example",
               ""},
           Row{"an address literal", "<bob@[192.0.2.1]>", "bob@[192.0.2.1]", ""},
           Row{"an IPv6 literal", "<bob@[IPv6:2001:db8::1]>", "bob@[IPv6:2001:db8::1]", ""},
           Row{"a source route", "<@a.org:bob@x.org>", "bob@x.org", ""},
           Row{"a longer source route", "<@a.org,@b.org:bob@x.org> SIZE=1", "bob@x.org", " SIZE=1"},
           Row{"a source route over literals", "<@[192.0.2.1],@[IPv6:::1]:bob@x.org>", "bob@x.org", ""},
           Row{"a source route to no domain", "<@a.org:bob>", "bob", ""},
           Row{"a source route without brackets", "@a.org:bob@x.org", "bob@x.org", ""},
       }) {
    CAPTURE(why);
    const auto path = smtp::parse_path(text);
    REQUIRE(path);
    CHECK(path->address.text() == address);
    CHECK(path->rest == rest);
  }
}

TEST_CASE("a path that could be read in two ways is refused") {
  struct Row {
    std::string why;
    std::string_view text;
  };
  for (const auto& [why, text] : {
           Row{"nothing", ""sv},
           Row{"not closed", "<bob@x.org"sv},
           Row{"not opened", "bob@x.org>"sv},
           Row{"an opened nothing", "<"sv},
           Row{"nested", "<<bob@x.org>>"sv},
           Row{"a display name", "Bob<bob@x.org>"sv},
           Row{"a blank in null", "< >"sv},
           Row{"a blank in front", "< bob@x.org>"sv},
           Row{"a blank behind", "<bob@x.org >"sv},
           Row{"a blank within", "<bo b@x.org>"sv},
           Row{"a tab within", "<bo\tb@x.org>"sv},
           Row{"a blank in the domain", "<bob@x .org>"sv},
           Row{"two at signs", "<bob@x.org@y.org>"sv},
           Row{"two at signs without brackets", "bob@x.org@y.org"sv},
           Row{"no local part", "<@x.org>"sv},
           Row{"nothing but an at sign", "<@>"sv},
           Row{"an empty domain", "<bob@>"sv},
           Row{"an empty label", "<bob@x..org>"sv},
           Row{"an empty first label", "<bob@.org>"sv},
           Row{"nothing but a dot", "<bob@.>"sv},
           Row{"two trailing dots", "<bob@x.org..>"sv},
           Row{"an open quote", "<\"bob@x.org>"sv},
           Row{"an open quote at the end", "<\"bob\\"sv},
           Row{"an escape outside quotes", "<b\\ob@x.org>"sv},
           Row{"a control character outside quotes",
               "<b\x01"
               "ob@x.org>"sv},
           Row{"DEL outside quotes",
               "<b\x7f"
               "ob@x.org>"sv},
           Row{"a NUL in quotes", "<\"b\0b\"@x.org>"sv},
           Row{"an escaped NUL", "<\"b\\\0b\"@x.org>"sv},
           Row{"an LF in quotes", "<\"b\nb\"@x.org>"sv},
           Row{"an escaped CR", "<\"b\\\rb\"@x.org>"sv},
           Row{"a quote in the domain", "<bob@\"x\".org>"sv},
           Row{"a slash in the domain", "<bob@x/y.org>"sv},
           Row{"a percent sign in the domain", "<bob@x%y.org>"sv},
           Row{"a comma in the domain", "<bob@x.org,y.org>"sv},
           Row{"a domain that isn't UTF-8", "<bob@caf\xe9.org>"sv},
           Row{"an overlong dot in the domain", "<bob@x\xc0\xaeorg>"sv},
           Row{"a literal not closed", "<bob@[192.0.2.1>"sv},
           Row{"a literal with a blank", "<bob@[192.0. 2.1]>"sv},
           Row{"an empty literal", "<bob@[]>"sv},
           Row{"an at sign in a literal", "<bob@[x@y.org]>"sv},
           Row{"text after a literal", "<bob@[192.0.2.1]x>"sv},
           Row{"a route without its colon", "<@a.org>"sv},
           Row{"a route to nowhere", "<@a.org:>"sv},
           Row{"a route over nothing", "<@:bob@x.org>"sv},
           Row{"a route with an empty hop", "<@a.org,:bob@x.org>"sv},
           Row{"a route without an at sign", "<@a.org,b.org:bob@x.org>"sv},
           Row{"a route over an empty label", "<@a..org:bob@x.org>"sv},
           Row{"two routes", "<@a.org:@b.org:bob@x.org>"sv},
       }) {
    CAPTURE(why);
    const auto path = smtp::parse_path(text);
    REQUIRE_FALSE(path);
    CHECK_FALSE(path.error().empty());
  }
}

TEST_CASE("a bracketed path that is cut anywhere is refused") {
  const std::string_view whole = R"(<@a.org,@[::1]:a."b \"c>"@x.org>)";
  REQUIRE(smtp::parse_path(whole));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) CHECK_FALSE(smtp::parse_path(whole.substr(0, cut)));
}

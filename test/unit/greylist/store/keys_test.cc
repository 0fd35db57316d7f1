#include "greylist/store/keys.h"

#include <doctest/doctest.h>

using namespace greylist;

TEST_CASE("a triplet's key can be read, by people and by us") {
  struct Row {
    const char* why;
    Triplet triplet;
    std::string_view key;
  };
  for (const auto& [why, triplet, key] : {
           Row{"usual", {"192.0.2.0/24", "a@b.org", "c@d.org"}, "192.0.2.0/24\ta@b.org\tc@d.org"},
           Row{"null sender", {"2001:db8::/64", "", "c@d.org"}, "2001:db8::/64\t\tc@d.org"},
           Row{"TAB in quotes", {"x.org", "\"a\tb\"@b.org", "c@d.org"}, "x.org\t\"a%09b\"@b.org\tc@d.org"},
           Row{"percent sign", {"x.org", "a%b@b.org", "c@d.org"}, "x.org\ta%25b@b.org\tc@d.org"},
           Row{"DEL and NUL", {"x.org", std::string("\x7f\0", 2), "c"}, "x.org\t%7F%00\tc"},
           Row{"UTF-8", {"x.org", "ü@b.org", "c@d.org"}, "x.org\tü@b.org\tc@d.org"},
           Row{"nothing at all", {"", "", ""}, "\t\t"},
       }) {
    CAPTURE(why);
    CHECK(triplet_key(triplet) == key);
    CHECK(parse_triplet_key(key) == triplet);
    CHECK(key.starts_with(identity_prefix(triplet.identity)));
  }
}

TEST_CASE("what is no key is refused") {
  for (const char* key : {"", "a", "a\tb", "a\tb\tc\td", "a\tb\t%", "a\tb\t%0", "a\tb\t%0g", "a\tb\t%7f", "a\tb\t%41",
                          "a\tb\tc\n", "%\t\t"}) {
    CAPTURE(key);
    CHECK_FALSE(parse_triplet_key(key));
  }
}

TEST_CASE("one client's entries are one range, and no other's are in it") {
  CHECK_FALSE(triplet_key({"192.0.2.0/24", "a", "b"}).starts_with(identity_prefix("192.0.2.0/2")));
  CHECK_FALSE(triplet_key({"example.org", "a", "b"}).starts_with(identity_prefix("example.or")));
}

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
           Row{"usual", {"192.0.2.0/24", "a@b.org", "c@d.org"}, "a@b.org\tc@d.org\t192.0.2.0/24"},
           Row{"null sender", {"2001:db8::/64", "", "c@d.org"}, "\tc@d.org\t2001:db8::/64"},
           Row{"TAB in quotes", {"x.org", "\"a\tb\"@b.org", "c@d.org"}, "\"a%09b\"@b.org\tc@d.org\tx.org"},
           Row{"percent sign", {"x.org", "a%b@b.org", "c@d.org"}, "a%25b@b.org\tc@d.org\tx.org"},
           Row{"DEL and NUL", {"x.org", std::string("\x7f\0", 2), "c"}, "%7F%00\tc\tx.org"},
           Row{"UTF-8", {"x.org", "ü@b.org", "c@d.org"}, "ü@b.org\tc@d.org\tx.org"},
           Row{"nothing at all", {"", "", ""}, "\t\t"},
       }) {
    CAPTURE(why);
    CHECK(triplet_key(triplet) == key);
    CHECK(parse_triplet_key(key) == triplet);
  }
}

TEST_CASE("what is no key is refused") {
  for (const char* key : {"", "a", "a\tb", "a\tb\tc\td", "a\tb\t%", "a\tb\t%0", "a\tb\t%0g", "a\tb\t%7f", "a\tb\t%41",
                          "a\tb\tc\n", "%\t\t"}) {
    CAPTURE(key);
    CHECK_FALSE(parse_triplet_key(key));
  }
}

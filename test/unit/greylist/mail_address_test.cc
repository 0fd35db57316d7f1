#include "greylist/mail_address.h"

#include <doctest/doctest.h>

TEST_CASE("an address splits at its last unquoted at sign") {
  struct Row {
    const char* why;
    std::string_view address, local, domain;
    bool has_domain;
  };
  for (const auto& [why, address, local, domain, has_domain] : {
           Row{"plain", "bob@x.org", "bob", "x.org", true},
           Row{"none", "postmaster", "postmaster", "", false},
           Row{"empty", "", "", "", false},
           Row{"nothing before", "@x.org", "", "x.org", true},
           Row{"nothing after", "bob@", "bob", "", true},
           Row{"quoted at sign", "\"a@b\"@x.org", "\"a@b\"", "x.org", true},
           Row{"only a quoted one", "\"a@b\"", "\"a@b\"", "", false},
           Row{"escaped quote inside quotes", "\"a\\\"@b\"@x.org", "\"a\\\"@b\"", "x.org", true},
           Row{"two unquoted", "a@b@x.org", "a@b", "x.org", true},
           Row{"quotes never closed", "\"a@x.org", "\"a", "x.org", true},
           Row{"backslash at the end", "\"a@x\\", "\"a", "x\\", true},
       }) {
    CAPTURE(why);
    const auto parts = greylist::split_address(address);
    CHECK(parts.local == local);
    CHECK(parts.domain == domain);
    CHECK(parts.has_domain == has_domain);
  }
}

TEST_CASE("equal local parts have one spelling") {
  struct Row {
    const char* why;
    std::string_view local, canonical, content;
  };
  for (const auto& [why, local, canonical, content] : {
           Row{"plain", "Bob.X", "Bob.X", "Bob.X"},
           Row{"needless quotes", "\"bob\"", "bob", "bob"},
           Row{"needless quotes, dots anywhere", "\".bob.\"", ".bob.", ".bob."},
           Row{"needless backslash", "\"b\\ob\"", "bob", "bob"},
           Row{"UTF-8 needs no quotes", "\"bö\"", "bö", "bö"},
           Row{"a blank needs quotes", "\"a b\"", "\"a b\"", "a b"},
           Row{"but no backslash", "\"a\\ b\"", "\"a b\"", "a b"},
           Row{"a quote needs both", "\"a\\\"b\"", "\"a\\\"b\"", "a\"b"},
           Row{"empty quotes stay", "\"\"", "\"\"", ""},
           Row{"quotes in the middle are no quoted string", "a\"b\"", "a\"b\"", "a\"b\""},
           Row{"two quoted strings are none", "\"a\".\"b\"", "\"a\".\"b\"", "\"a\".\"b\""},
           Row{"closing quote escaped away", "\"a\\\"", "\"a\\\"", "\"a\\\""},
           Row{"a lone quote", "\"", "\"", "\""},
       }) {
    CAPTURE(why);
    CHECK(greylist::canonical_local_part(local) == canonical);
    CHECK(greylist::canonical_local_part(canonical) == canonical);
    CHECK(greylist::unquoted(local) == content);
  }
}

TEST_CASE("postmaster without a domain") {
  const auto bare = [](std::string_view text) { return greylist::is_bare_postmaster(greylist::split_address(text)); };
  CHECK(bare("postmaster"));
  CHECK(bare("PostMaster"));
  CHECK(bare("\"postmaster\""));
  CHECK_FALSE(bare("postmaster@"));
  CHECK_FALSE(bare("postmaster@x.org"));
  CHECK_FALSE(bare("abuse"));
  CHECK_FALSE(bare(""));
}

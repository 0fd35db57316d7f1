#include "greylist/lists/regexp.h"

#include <doctest/doctest.h>

using greylist::Regexp;

TEST_CASE("expressions are Perl's, unanchored, and ignore case") {
  struct Row {
    const char* why;
    std::string_view pattern, text;
    bool matches;
  };
  for (const auto& [why, pattern, text, matches] : {
           Row{"anywhere in the text", "smtp\\d+", "a.smtp12.example", true},
           Row{"anchored", "^mail\\d+\\.example$", "mail12.example", true},
           Row{"anchored, elsewhere", "^mail\\d+\\.example$", "xmail12.example", false},
           Row{"case of the text", "^mail$", "MAIL", true},
           Row{"case of the pattern", "^MAIL$", "mail", true},
           Row{"alternatives and groups", "^(?:mail|smtp)[12]$", "smtp2", true},
           Row{"lookahead", "^mail(?!er)", "mailer", false},
           Row{"UTF-8 ignores case too", "^BÜ$", "bü", true},
           Row{"a character, not an octet", "^.$", "ü", true},
           Row{"text that isn't UTF-8 around", "mail", "\xff mail", true},
           Row{"text that isn't UTF-8 alone", "^.$", "\xff", false},
           Row{"empty text", "^$", "", true},
       }) {
    CAPTURE(why);
    CHECK(Regexp::compile(pattern)->matches(text) == matches);
  }
}

TEST_CASE("a pattern that can't be one is an error that names the place") {
  for (const auto* pattern : {"a(", "[", "*a", "\\", "a{2,1}", "\xff"}) {
    CAPTURE(pattern);
    const auto regexp = Regexp::compile(pattern);
    REQUIRE_FALSE(regexp.has_value());
    CHECK(regexp.error().contains("(at "));
  }
}

TEST_CASE("a pattern that backtracks without end gives up") {
  const std::string text = std::string(2000, 'a') + "!";
  for (const auto* pattern :
       {"^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y|(.*)*z", "^(?:(a+)*)*b\\1$", "(?R)?a(?R)?b"}) {
    CAPTURE(pattern);
    CHECK_FALSE(Regexp::compile(pattern)->matches(text));
  }
}

TEST_CASE("an expression can be moved") {
  auto one = *Regexp::compile("mail");
  auto other = std::move(one);
  CHECK(other.matches("mail"));
}

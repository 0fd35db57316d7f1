#include "smtp/utf8.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::string_view_literals;

TEST_CASE("UTF-8 is well-formed or it isn't") {
  struct Row {
    std::string why;
    std::string_view text;
    bool valid;
  };
  for (const auto& [why, text, valid] : {
           Row{"nothing", ""sv, true},
           Row{"ASCII and NUL", "a\0z"sv, true},
           Row{"two octets", "\xc3\xa9"sv, true},
           Row{"the least of two", "\xc2\x80"sv, true},
           Row{"three octets", "\xe2\x82\xac"sv, true},
           Row{"the last before the surrogates", "\xed\x9f\xbf"sv, true},
           Row{"four octets", "\xf0\x9f\x93\xa7"sv, true},
           Row{"the last of all", "\xf4\x8f\xbf\xbf"sv, true},
           Row{"Latin-1", "caf\xe9"sv, false},
           Row{"a tail alone", "\x80"sv, false},
           Row{"a tail too many", "\xc3\xa9\xa9"sv, false},
           Row{"two octets cut", "\xc3"sv, false},
           Row{"three octets cut", "\xe2\x82"sv, false},
           Row{"four octets cut", "\xf0\x9f\x93"sv, false},
           Row{"no tail", "\xe2\x82z"sv, false},
           Row{"an overlong dot", "\xc0\xae"sv, false},
           Row{"an overlong at sign in three", "\xe0\x81\x80"sv, false},
           Row{"an overlong in four", "\xf0\x8f\xbf\xbf"sv, false},
           Row{"a surrogate", "\xed\xa0\x80"sv, false},
           Row{"above U+10FFFF", "\xf4\x90\x80\x80"sv, false},
           Row{"five octets", "\xf8\x88\x80\x80\x80"sv, false},
       }) {
    CAPTURE(why);
    CHECK(smtp::valid_utf8(text) == valid);
  }
}

#include "proxy/commands/text.h"

#include <doctest/doctest.h>

using namespace proxy;
using namespace std::chrono_literals;

TEST_CASE("what could steer a terminal is written out, all else stays") {
  struct Row {
    const char* why;
    std::string_view text, expected;
  };
  for (const auto& [why, text, expected] : {
           Row{"nothing", "", ""},
           Row{"plain text", "<bob+x@example.org> \"quoted\" \\", "<bob+x@example.org> \"quoted\" \\"},
           Row{"letters of other scripts", "jürgen@пример.рф 日本", "jürgen@пример.рф 日本"},
           Row{"an escape sequence", "\x1b[31mred", "\\u001b[31mred"},
           Row{"line ends and tabs", "a\r\nb\tc", "a\\u000d\\u000ab\\u0009c"},
           Row{"NUL", std::string_view("a\0b", 3), "a\\u0000b"},
           Row{"DEL", "a\x7f", "a\\u007f"},
           Row{"the C1 form of an escape sequence", "\u009b31m", "\\u009b31m"},
           Row{"the same as a lone octet", "\x9b", "\uFFFD"},
           Row{"a text that is turned round", "a\u202Egro", "a\\u202egro"},
           Row{"an isolate", "\u2066a\u2069", "\\u2066a\\u2069"},
           Row{"an overlong form", "\xC0\x9B", "\uFFFD\uFFFD"},
           Row{"a character cut off", "a\xE6\x97", "a\uFFFD\uFFFD"},
           Row{"JSON with an escape of its own", R"({"a":"\u001b\\"})", R"({"a":"\u001b\\"})"},
       }) {
    CAPTURE(why);
    CHECK(printable(text) == expected);
  }
}

TEST_CASE("columns of a terminal") {
  CHECK(columns("") == 0);
  CHECK(columns("bob@example.org") == 15);
  CHECK(columns("jürgen") == 6);
  CHECK(columns("日本") == 4);
  CHECK(columns("e\u0301") == 1);  // with a combining acute
  CHECK(columns("🙂") == 2);
  CHECK(columns("\xff\xff") == 2);  // shown as two U+FFFD
}

TEST_CASE("ages in their largest unit") {
  struct Row {
    std::chrono::milliseconds age;
    std::string_view expected;
  };
  for (const auto& [age, expected] :
       {Row{0ms, "0s"}, Row{999ms, "0s"}, Row{1s, "1s"}, Row{119s, "119s"}, Row{2min, "2m"}, Row{179s, "2m"},
        Row{119min, "119m"}, Row{2h, "2h"}, Row{47h, "47h"}, Row{48h, "2d"}, Row{24h * 400, "400d"}})
    CHECK(age_text(age) == expected);
}

TEST_CASE("times before and after now") {
  const greylist::Time now(1'700'000'000s);
  CHECK(ago_text(now, now) == "now");
  CHECK(ago_text(now - 999ms, now) == "now");
  CHECK(ago_text(now - 3min, now) == "3m ago");
  CHECK(ago_text(now + 3min, now) == "in 3m");
  CHECK(ago_text(now + 10min - 2ms, now) == "in 10m");  // what was set a moment ago
  CHECK(ago_text(now + 1ms, now) == "now");
  CHECK(clock_text(now) == "2023-11-14 22:13:20");
}

TEST_CASE("counts and octets") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1000) == "1,000");
  CHECK(count_text(1'204'000) == "1,204,000");
  CHECK(count_text(18'446'744'073'709'551'615U) == "18,446,744,073,709,551,615");
  CHECK(about_octets(0) == "0 B");
  CHECK(about_octets(1023) == "1023 B");
  CHECK(about_octets(1024) == "1.0 KiB");
  CHECK(about_octets(1'048'575) == "1.0 MiB");
  CHECK(about_octets(3 * 1024 * 1024 / 2) == "1.5 MiB");
  CHECK(about_octets(18'446'744'073'709'551'615U) == "16.0 EiB");
}

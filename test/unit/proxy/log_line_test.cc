#include "proxy/log_line.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "smtp/utf8.h"

using namespace proxy;
using nlohmann::json;

namespace {

// 2026-01-02T03:04:05.678Z
constexpr greylist::Time moment{std::chrono::milliseconds(1'767'323'045'678)};

std::string line_with(LogFormat format, std::string_view value) {
  LogLine line(format, moment, LogLevel::info, "recipient");
  line.add("sender", value);
  return std::move(line).finish();
}

}  // namespace

TEST_CASE("an event as JSON") {
  LogLine line(LogFormat::json, moment, LogLevel::warning, "message");
  line.add("session", "a1");
  line.add("bytes", 18'446'744'073'709'551'615u);
  line.add("recipients", std::vector<std::string>{"a@x.org", "\"b c\"@x.org"});
  line.add("none", std::vector<std::string>{});
  CHECK(std::move(line).finish() ==
        R"({"time":"2026-01-02T03:04:05.678Z","level":"warning","event":"message","session":"a1",)"
        R"("bytes":18446744073709551615,"recipients":["a@x.org","\"b c\"@x.org"],"none":[]})");
}

TEST_CASE("an event as text") {
  LogLine line(LogFormat::text, moment, LogLevel::info, "message");
  line.add("session", "a1");
  line.add("bytes", 42u);
  line.add("recipients", std::vector<std::string>{"a@x.org", "b c@x.org"});
  CHECK(std::move(line).finish() ==
        R"(2026-01-02T03:04:05.678Z info message session=a1 bytes=42 recipients=a@x.org,"b c@x.org")");
}

TEST_CASE("times have every digit") {
  struct Row {
    std::int64_t milliseconds;
    std::string_view text;
  };
  for (const auto& [milliseconds, text] :
       {Row{0, "1970-01-01T00:00:00.000Z"}, Row{1'709'164'799'999, "2024-02-28T23:59:59.999Z"},
        Row{1'709'164'800'000, "2024-02-29T00:00:00.000Z"}, Row{-1, "1969-12-31T23:59:59.999Z"}})
    CHECK(LogLine(LogFormat::text, greylist::Time(std::chrono::milliseconds(milliseconds)), LogLevel::error, "x")
              .finish() == std::string(text) + " error x");
}

TEST_CASE("text of peers stays within its quotes") {
  struct Row {
    const char* why;
    std::string_view value, as_json, as_text;
  };
  for (const auto& [why, value, as_json, as_text] : {
           Row{"plain", "bob@example.org", R"("bob@example.org")", "bob@example.org"},
           Row{"empty", "", R"("")", R"("")"},
           Row{"a blank", "a b", R"("a b")", R"("a b")"},
           Row{"a quote", "a\"b", R"("a\"b")", R"("a\"b")"},
           Row{"a backslash", "a\\b", R"("a\\b")", R"("a\\b")"},
           Row{"a forged field", "a verdict=known", R"("a verdict=known")", R"("a verdict=known")"},
           Row{"a line end", "a\r\nb", R"("a\u000d\u000ab")", R"("a\x0d\x0ab")"},
           Row{"a NUL", std::string_view("a\0b", 3), R"("a\u0000b")", R"("a\x00b")"},
           Row{"an escape sequence", "\x1b[2J", R"("\u001b[2J")", R"("\x1b[2J")"},
           Row{"DEL", "\x7f", R"("\u007f")", R"("\x7f")"},
           Row{"a letter beyond ASCII", "ü", "\"ü\"", R"("\xc3\xbc")"},
           Row{"a character beyond the first plane", "😀", "\"😀\"", R"("\xf0\x9f\x98\x80")"},
           Row{"a C1 line end", "\u0085", R"("\u0085")", R"("\xc2\x85")"},
           Row{"a line separator", "\u2028", R"("\u2028")", R"("\xe2\x80\xa8")"},
           Row{"not UTF-8",
               "a\xff"
               "b",
               R"("a\ufffdb")", R"("a\xffb")"},
           Row{"a character cut off", "\xe2\x82", R"("\ufffd\ufffd")", R"("\xe2\x82")"},
           Row{"a surrogate", "\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")", R"("\xed\xa0\x80")"},
       }) {
    CAPTURE(why);
    CHECK(line_with(LogFormat::json, value).ends_with(",\"sender\":" + std::string(as_json) + "}"));
    CHECK(line_with(LogFormat::text, value).ends_with(" sender=" + std::string(as_text)));
  }
}

TEST_CASE("any octets at all give one valid line") {
  std::mt19937 random(20260102);  // NOLINT: the same octets at every run
  // Octets near the edges of ASCII and of UTF-8's ranges come up often.
  static constexpr std::string_view likely("\0\n\r\"\\\x7f\x80\x9f\xa0\xbf\xc2\xe2\xed\xf0\xf4\xff a", 18);
  for (int round = 0; round < 20'000; ++round) {
    std::string value(random() % 12, '\0');
    for (char& c : value) c = random() % 2 ? static_cast<char>(random()) : likely[random() % likely.size()];
    const auto line = line_with(LogFormat::json, value);
    const auto parsed = json::parse(line, nullptr, false);
    REQUIRE(parsed.is_object());
    REQUIRE(std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    if (smtp::valid_utf8(value)) REQUIRE(parsed["sender"] == value);
    const auto text = line_with(LogFormat::text, value);
    REQUIRE(std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; }));
  }
}

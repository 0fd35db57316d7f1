#include "proxy/config/duration.h"

#include <doctest/doctest.h>

using std::chrono::milliseconds;

TEST_CASE("a duration is a whole number and a unit") {
  struct Row {
    const char* why;
    std::string_view text;
    std::optional<std::int64_t> milliseconds;
  };
  for (const auto& [why, text, count] : {
           Row{"milliseconds", "250ms", 250},
           Row{"seconds", "90s", 90'000},
           Row{"minutes", "5m", 300'000},
           Row{"hours", "1h", 3'600'000},
           Row{"days", "36d", 36ll * 86'400'000},
           Row{"nothing at all", "0s", 0},
           Row{"zero needs no unit", "0", 0},
           Row{"leading zeros", "005m", 300'000},
           Row{"a century", "36525d", 36'525ll * 86'400'000},
           Row{"more than a century", "36526d", {}},
           Row{"more than 64 bits", "99999999999999999999s", {}},
           Row{"overflows once multiplied", "9223372036854775807d", {}},
           Row{"no unit", "300", {}},
           Row{"no number", "m", {}},
           Row{"nothing", "", {}},
           Row{"negative", "-5m", {}},
           Row{"negative zero", "-0s", {}},
           Row{"a sign", "+5m", {}},
           Row{"a blank between", "5 m", {}},
           Row{"a blank before", " 5m", {}},
           Row{"a blank behind", "5m ", {}},
           Row{"a fraction", "1.5h", {}},
           Row{"two units", "1h30m", {}},
           Row{"weeks", "1w", {}},
           Row{"a capital", "5M", {}},
           Row{"the unit in full", "5min", {}},
           Row{"a NUL behind", std::string_view("5m\0", 3), {}},
       }) {
    CAPTURE(why);
    const auto parsed = proxy::parse_duration(text);
    CHECK(parsed.has_value() == count.has_value());
    if (parsed && count) CHECK(parsed->count() == *count);
  }
}

TEST_CASE("a duration is written in the largest unit that says it exactly") {
  struct Row {
    std::string_view text;
    std::int64_t milliseconds;
  };
  for (const auto& [text, count] : {Row{"0s", 0}, Row{"1ms", 1}, Row{"1500ms", 1'500}, Row{"90s", 90'000},
                                    Row{"5m", 300'000}, Row{"36h", 129'600'000}, Row{"2d", 172'800'000}}) {
    CHECK(proxy::duration_text(milliseconds(count)) == text);
    CHECK(proxy::parse_duration(text) == milliseconds(count));
  }
}

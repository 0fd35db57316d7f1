#include "greylist/rules/time_of_week.h"

#include <doctest/doctest.h>

using namespace greylist;
using namespace std::chrono_literals;

namespace {

// 2026-11-23 is a Monday.
Time monday(std::chrono::minutes past_midnight) {
  return std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + past_midnight;
}

}  // namespace

TEST_CASE("days and hours") {
  struct Row {
    const char* text;
    std::chrono::minutes since_monday;
    bool contained;
  };
  for (const auto& [text, since_monday, contained] : {
           Row{"Mon", 0min, true},
           Row{"Mon", 23h + 59min, true},
           Row{"Mon", 24h, false},
           Row{"mon-FRI", 4 * 24h + 12h, true},
           Row{"Mon-Fri", 5 * 24h, false},
           Row{"Sat-Mon", 24h - 1min, true},
           Row{"Sat-Mon", 24h, false},
           Row{"Sat-Mon", 6 * 24h, true},
           Row{"08:00-18:00", 8h, true},
           Row{"08:00-18:00", 8h - 1min, false},
           Row{"08:00-18:00", 18h - 1min, true},
           Row{"08:00-18:00", 18h, false},
           Row{"00:00-24:00", 23h + 59min, true},
           Row{"Tue 08:00-18:00", 9h, false},
           Row{"Mon 22:00-06:00", 23h, true},
           Row{"Mon 22:00-06:00", 24h + 5h, true},
           Row{"Mon 22:00-06:00", 5h, false},
           Row{"Mon 22:00-06:00", 24h + 6h, false},
           Row{"Sun 22:00-06:00", 5h, true},
       }) {
    CAPTURE(text);
    CAPTURE(since_monday.count());
    const auto time = TimeOfWeek::parse(text);
    REQUIRE(time);
    CHECK(time->contains(monday(since_monday)) == contained);
  }
}

TEST_CASE("what isn't a time of the week") {
  for (const char* text :
       {"", " ", "Monday", "Mon-", "-Mon", "Mon ", "Mon  08:00-09:00", "8:00-9:00", "08:00", "08:00-08:00",
        "08:00-24:01", "25:00-26:00", "08:60-09:00", "08:00-09:00 Mon", "Mon-Fri-Sun", "08.00-09.00"}) {
    CAPTURE(text);
    CHECK_FALSE(TimeOfWeek::parse(text));
  }
}

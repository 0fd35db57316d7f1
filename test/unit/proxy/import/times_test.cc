#include "proxy/import/times.h"

#include <doctest/doctest.h>

#include <string>

#include "test/unit/proxy/import/collected.h"

TEST_CASE("timestamps of databases are read") {
  struct Row {
    const char* why;
    std::string_view text;
    std::int64_t epoch;  // -1: none
  };
  for (const auto& [why, text, epoch] : {
           Row{"epoch seconds", "1700000000", 1700000000},
           Row{"with a fraction", "1700000000.9", 1700000000},
           Row{"the epoch", "0", 0},
           Row{"before it", "-1", -1},
           Row{"the last second of 9999", "253402300799", 253402300799},
           Row{"beyond", "253402300800", -1},
           Row{"more than a number holds", "99999999999999999999", -1},
           Row{"words after it", "1700000000 s", -1},
           Row{"nothing", "", -1},
           Row{"a date", "2023-11-14 22:13:20", 1700000000},
           Row{"with a T", "2023-11-14T22:13:20", 1700000000},
           Row{"with a fraction", "2023-11-14 22:13:20.123456", 1700000000},
           Row{"east of Greenwich", "2023-11-14 23:13:20+01", 1700000000},
           Row{"west of it", "2023-11-14 18:43:20-03:30", 1700000000},
           Row{"a fraction and an offset", "2023-11-14 23:13:20.5+01:00", 1700000000},
           Row{"a leap day", "2024-02-29 00:00:00", 1709164800},
           Row{"none", "2023-02-29 00:00:00", -1},
           Row{"MySQL's zero", "0000-00-00 00:00:00", -1},
           Row{"year of zero", "1969-12-31 23:59:59", -1},
           Row{"before the epoch by its offset", "1970-01-01 00:00:00+01", -1},
           Row{"hour 24", "2023-11-14 24:00:00", -1},
           Row{"minute 60", "2023-11-14 23:60:00", -1},
           Row{"no time", "2023-11-14", -1},
           Row{"half a time", "2023-11-14 22:13", -1},
           Row{"half an offset", "2023-11-14 22:13:20+1", -1},
           Row{"words after it", "2023-11-14 22:13:20 UTC", -1},
       }) {
    CAPTURE(why);
    CAPTURE(text);
    const auto time = proxy::sql_timestamp(text);
    CHECK((time ? seconds(*time) : -1) == epoch);
  }
}

TEST_CASE("a timestamp that is cut anywhere is none, or the same second") {
  const std::string whole = "2023-11-14 23:13:20.5+01:00";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto time = proxy::sql_timestamp(whole.substr(0, size));
    CHECK((!time || size <= 4 || seconds(*time) == 1700000000 || seconds(*time) == 1700003600));  // 2023 is a number
  }
}

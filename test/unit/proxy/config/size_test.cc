#include "proxy/config/size.h"

#include <doctest/doctest.h>

TEST_CASE("a size is a whole number and a unit") {
  struct Row {
    const char* why;
    std::string_view text;
    std::optional<std::uint64_t> octets;
  };
  for (const auto& [why, text, octets] : {
           Row{"plain octets", "1500", 1500},
           Row{"octets by name", "512B", 512},
           Row{"thousands", "10kB", 10'000},
           Row{"millions", "10MB", 10'000'000},
           Row{"thousand millions", "2GB", 2'000'000'000},
           Row{"2^10", "4KiB", 4096},
           Row{"2^20", "64MiB", 67'108'864},
           Row{"2^30", "1GiB", 1'073'741'824},
           Row{"zero", "0", 0},
           Row{"the largest", "9223372036854775807", 9'223'372'036'854'775'807u},
           Row{"one more", "9223372036854775808", {}},
           Row{"overflows once multiplied", "9223372036854775807GiB", {}},
           Row{"nothing", "", {}},
           Row{"no number", "MB", {}},
           Row{"negative", "-1", {}},
           Row{"a blank between", "64 MiB", {}},
           Row{"a fraction", "1.5MB", {}},
           Row{"wrong case", "10mb", {}},
           Row{"a letter alone", "10M", {}},
           Row{"hexadecimal", "0x10", {}},
       }) {
    CAPTURE(why);
    CHECK(proxy::parse_size(text) == octets);
  }
}

TEST_CASE("a size is written in the largest unit that says it exactly, binary ones first") {
  for (const std::string_view text : {"0", "1", "1500", "10kB", "4KiB", "10MB", "64MiB", "3GB"}) {
    const auto octets = proxy::parse_size(text);
    REQUIRE(octets);
    CHECK(proxy::size_text(*octets) == text);
  }
  CHECK(proxy::size_text(1'024'000) == "1000KiB");
  CHECK(proxy::size_text(9'223'372'036'854'775'807u) == "9223372036854775807");
}

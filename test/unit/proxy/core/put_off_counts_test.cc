#include "proxy/put_off_counts.h"

#include <doctest/doctest.h>

#include <memory>

using namespace std::chrono_literals;

TEST_CASE("each client has so many a day") {
  const auto counts = std::make_unique<proxy::PutOffCounts>();
  const greylist::Time noon{20'000 * 24h + 12h};
  CHECK_FALSE(counts->any_reached(noon));
  for (const bool is_last : {false, false, true}) {
    CHECK_FALSE(counts->any_reached(noon));
    CHECK_FALSE(counts->reached("192.0.2.0/24", 3));
    CHECK(counts->add("192.0.2.0/24", 3) == is_last);
  }
  CHECK(counts->any_reached(noon));
  CHECK(counts->reached("192.0.2.0/24", 3));
  CHECK_FALSE(counts->add("192.0.2.0/24", 3));
  CHECK_FALSE(counts->reached("198.51.100.0/24", 3));
}

TEST_CASE("a new day begins anew, a clock that goes back a little doesn't") {
  const auto counts = std::make_unique<proxy::PutOffCounts>();
  const greylist::Time noon{20'000 * 24h + 12h};
  counts->any_reached(noon);
  counts->add("example.org", 1);
  CHECK(counts->any_reached(noon + 11h + 59min));
  CHECK(counts->any_reached(noon - 13h));
  CHECK(counts->reached("example.org", 1));
  CHECK_FALSE(counts->any_reached(noon + 12h));
  CHECK_FALSE(counts->reached("example.org", 1));
  counts->add("example.org", 1);
  CHECK_FALSE(counts->any_reached(noon - 48h));
}

#include "proxy/put_off_counts.h"

#include <doctest/doctest.h>

#include <memory>

using namespace std::chrono_literals;

TEST_CASE("each network has so many a day") {
  const auto counts = std::make_unique<proxy::PutOffCounts>();
  const greylist::Time noon{20'000 * 24h + 12h};
  const auto reached = [&](const char* network, greylist::Time now) { return counts->reached(network, 3, now); };
  for (const bool is_last : {false, false, true}) {
    CHECK_FALSE(reached("192.0.2.0/24", noon));
    CHECK(counts->add("192.0.2.0/24", 3) == is_last);
  }
  CHECK(reached("192.0.2.0/24", noon));
  CHECK_FALSE(counts->add("192.0.2.0/24", 3));
  CHECK_FALSE(reached("198.51.100.0/24", noon));
  CHECK(reached("192.0.2.0/24", noon + 11h + 59min));
  CHECK_FALSE(reached("192.0.2.0/24", noon + 12h));
  CHECK(counts->add("192.0.2.0/24", 1));
  CHECK(counts->reached("192.0.2.0/24", 1, noon + 13h));
  CHECK_FALSE(counts->reached("192.0.2.0/24", 1, noon));  // a clock that goes back begins anew
}

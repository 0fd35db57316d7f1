#include "greylist/rules/rate.h"

#include <doctest/doctest.h>

#include <array>

using namespace greylist;
using namespace std::chrono_literals;

namespace {

const Time start{std::chrono::hours(480'000)};  // where each of the periods begins
constexpr std::array<Duration, 2> periods{1min, 1h};

}  // namespace

TEST_CASE("attempts are counted for each client and period") {
  RateCounts rates;
  for (int i = 1; i <= 10; ++i) CHECK(rates.count("a", periods, start).at(1min) == i);
  CHECK(rates.count("b", periods, start) == Attempts{{1min, 1}, {1h, 1}});
  CHECK(rates.counted("a", periods, start) == Attempts{{1min, 10}, {1h, 10}});
  CHECK(rates.counted("c", periods, start) == Attempts{{1min, 0}, {1h, 0}});
}

TEST_CASE("those of the stretch before count for what is left of the period") {
  RateCounts rates;
  for (int i = 0; i < 100; ++i) rates.count("a", periods, start + 59s);
  CHECK(rates.counted("a", periods, start + 60s).at(1min) == 100);
  CHECK(rates.counted("a", periods, start + 75s).at(1min) == doctest::Approx(75));
  CHECK(rates.counted("a", periods, start + 119s).at(1min) < 2);
  CHECK(rates.counted("a", periods, start + 120s).at(1min) == 0);
  CHECK(rates.counted("a", periods, start + 120s).at(1h) == 100);
}

TEST_CASE("a clock that went back counts anew") {
  RateCounts rates;
  for (int i = 0; i < 5; ++i) rates.count("a", periods, start);
  CHECK(rates.count("a", periods, start - 2h) == Attempts{{1min, 1}, {1h, 1}});
}

TEST_CASE("who makes many attempts isn't pushed out by many who make few") {
  RateCounts rates(1600);
  for (int i = 0; i < 1000; ++i) rates.count("a", periods, start);
  for (int i = 0; i < 20'000; ++i) rates.count(std::to_string(i), periods, start);
  CHECK(rates.counted("a", periods, start).at(1h) == 1000);
}

TEST_CASE("whose time is over makes room before all others") {
  RateCounts rates(16);  // one in each part
  for (int i = 0; i < 1000; ++i) rates.count("a", std::array<Duration, 1>{1min}, start);
  const auto later = start + 2min;
  for (int i = 0; i < 100; ++i) rates.count(std::to_string(i), std::array<Duration, 1>{1min}, later);
  rates.count("b", std::array<Duration, 1>{1min}, later);
  CHECK(rates.counted("b", std::array<Duration, 1>{1min}, later).at(1min) == 1);
}

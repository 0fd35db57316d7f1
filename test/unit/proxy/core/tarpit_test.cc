#include "proxy/tarpit.h"

#include <doctest/doctest.h>

TEST_CASE("a tarpit keeps no more waiting than it may, and has room again when one leaves") {
  proxy::Tarpit tarpit;
  auto first = tarpit.enter(2);
  {
    const auto second = tarpit.enter(2);
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(tarpit.enter(2));
    CHECK(tarpit.taken() == 2);
  }
  CHECK(tarpit.enter(2));
  const auto moved = std::move(first);
  CHECK(tarpit.taken() == 1);
  CHECK_FALSE(tarpit.enter(1));  // fewer than before, by a reload
}

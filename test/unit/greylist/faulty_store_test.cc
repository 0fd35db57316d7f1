#include "test/unit/greylist/faulty_store.h"

#include <doctest/doctest.h>

#include "greylist/store/memory_store.h"
#include "test/unit/greylist/store/fixture.h"

using namespace greylist;
using namespace greylist::test;

TEST_CASE("a faulty store fails as often as it was told, and records nothing meanwhile") {
  const auto inner = make_memory_store();
  FaultyStore store(*inner);
  const auto attempt = [&] { return run(store.attempt(question(1), start, limits, no_auto_allow)); };
  store.failures = 2;
  CHECK_FALSE(store.status().ok);
  CHECK_FALSE(attempt());
  CHECK_FALSE(run(store.find(triplet(1))));
  CHECK(store.status().ok);
  CHECK(store.status().errors == 2);
  CHECK(attempt()->verdict == Verdict::first_seen);
}

#include "greylist/store/fallback_store.h"

#include <doctest/doctest.h>

#include "greylist/store/memory_store.h"
#include "test/unit/greylist/faulty_store.h"
#include "test/unit/greylist/store/fixture.h"

using namespace greylist;
using namespace greylist::test;
using namespace std::chrono_literals;

namespace {

constexpr int many = 1'000'000;

// A shared store that fails on demand and a local one, which a fallback store makes one of.
struct Pair {
  Pair() {
    auto faulty = std::make_unique<FaultyStore>(*shared);
    failures = &faulty->failures;
    auto other = make_memory_store();
    local = other.get();
    both = make_fallback_store(std::move(faulty), std::move(other), [this] { return now; });
  }

  Verdict attempt(const Question& asked, Time at) {
    now = at;
    const auto judgement = run(both->attempt(asked, at, limits, no_auto_allow));
    REQUIRE(judgement);
    return judgement->verdict;
  }
  void pass(int n, Time at) {
    CHECK(attempt(question(n), at - limits.delay) == Verdict::first_seen);
    CHECK(attempt(question(n), at) == Verdict::retried);
  }
  std::optional<Record> in(Store& store, int n) { return run(store.find(triplet(n))).value(); }

  Time now = start;
  std::unique_ptr<Store> shared = make_memory_store();
  Store* local;
  int* failures;
  std::unique_ptr<Store> both;
};

}  // namespace

TEST_CASE("while the shared store works, the local one learns what passes and no more") {
  Pair stores;
  CHECK(stores.attempt(question(1), start) == Verdict::first_seen);
  CHECK(stores.in(*stores.local, 1) == std::nullopt);
  stores.pass(2, start + 1h);
  CHECK(stores.in(*stores.local, 2)->passed == start + 1h);
  CHECK(stores.both->status().stand_in == "");
}

TEST_CASE("while it fails, who is known stays known, and who isn't is greylisted here") {
  Pair stores;
  stores.pass(1, start);
  *stores.failures = many;
  CHECK(stores.attempt(question(1), start + 1h) == Verdict::known);
  CHECK(stores.attempt(question(2), start + 1h) == Verdict::first_seen);
  CHECK(stores.attempt(question(2), start + 2h) == Verdict::retried);
  CHECK(stores.in(*stores.shared, 2) == std::nullopt);
}

TEST_CASE("what happened meanwhile counts at once when it works again, and is handed over as a whole") {
  Pair stores;
  stores.pass(1, start);
  *stores.failures = many;
  CHECK(stores.attempt(question(2), start + 1h) == Verdict::first_seen);
  CHECK(stores.attempt(question(3), start + 1h) == Verdict::first_seen);
  *stores.failures = 0;
  CHECK(stores.attempt(question(2), start + 2h) == Verdict::retried);  // by what the local store knew
  CHECK(stores.in(*stores.shared, 3)->first_seen == start + 1h);       // run() waits for all that was begun
  CHECK(stores.in(*stores.shared, 2)->passed == start + 2h);
}

TEST_CASE("a second outage is handed over, too") {
  Pair stores;
  for (const auto begin : {start, start + 24h}) {
    const int n = begin == start ? 1 : 2;
    *stores.failures = many;
    CHECK(stores.attempt(question(n), begin + 1h) == Verdict::first_seen);
    *stores.failures = 0;
    stores.attempt(question(10 + n), begin + 2h);
    CHECK(stores.in(*stores.shared, n)->first_seen == begin + 1h);
  }
}

TEST_CASE("if both fail, the shared store's error is told") {
  auto inner = make_memory_store(), other = make_memory_store();
  auto shared = std::make_unique<FaultyStore>(*inner), local = std::make_unique<FaultyStore>(*other);
  shared->failures = local->failures = many;
  const auto both = make_fallback_store(std::move(shared), std::move(local), [] { return start; });
  CHECK_FALSE(run(both->attempt(question(1), start, limits, no_auto_allow)));
}

// What one step of the store on disk costs on an event loop's thread, in time and in heap allocations (the library's
// included), beside the bare Get and Put that it can't do without. Rounds take turns, so that a busy machine slows them
// alike; medians count.
#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "greylist/store/keys.h"
#include "greylist/store/record_codec.h"
#include "greylist/store/rocksdb_open.h"
#include "greylist/store/rocksdb_store.h"

namespace {

std::atomic<std::uint64_t> allocations;

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace greylist;
using namespace std::chrono_literals;

constexpr int rounds = 21, steps = 2000;
const Time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
const Limits limits;
const AutoAllow auto_allow;

Triplet triplet(int n) {
  const auto number = std::to_string(n);
  return {"192.0.2.0/24", "sender" + number + "@mail.example.com", "recipient" + number + "@example.org"};
}
Question question(int n) { return {triplet(n), "192.0.2.7", "192.0.2.7"}; }

struct Cost {
  const char* what;
  std::vector<double> microseconds = {}, allocations = {};
};

class Meter {
 public:
  explicit Meter(Cost& cost) : cost_(cost) {}
  ~Meter() {
    const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - begun_;
    cost_.microseconds.push_back(taken.count() / steps);
    cost_.allocations.push_back(static_cast<double>(allocations - before_) / steps);
  }

 private:
  Cost& cost_;
  std::uint64_t before_ = allocations;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

void must(bool well) {
  if (!well) std::abort();
}

// Questions are made beforehand: they are the session's.
asio::awaitable<void> attempts(Store& store, int from, Time now, Verdict expected, Cost& cost) {
  std::vector<Question> questions;
  for (int n = from; n < from + steps; ++n) questions.push_back(question(n));
  const Meter meter(cost);
  for (auto& asked : questions) {
    const auto judgement = co_await store.attempt(std::move(asked), now, limits, auto_allow);
    must(judgement && judgement->verdict == expected);
  }
}

asio::awaitable<void> finds(Store& store, int from, Cost& cost) {
  std::vector<Triplet> triplets;
  for (int n = from; n < from + steps; ++n) triplets.push_back(triplet(n));
  const Meter meter(cost);
  for (auto& asked : triplets) {
    const auto record = co_await store.find(std::move(asked));
    must(record && *record);
  }
}

void bare(const Database& database, int from, bool present, bool put, Cost& cost) {
  std::vector<std::string> keys;
  for (int n = from; n < from + steps; ++n) keys.push_back(triplet_key(triplet(n)));
  const auto value = encode(Record{.first_seen = start, .last_seen = start, .last_client = "192.0.2.7"});
  const Meter meter(cost);
  for (const auto& key : keys) {
    rocksdb::PinnableSlice found;
    must(database.db->Get({}, database.triplets(), key, &found).ok() == present);
    if (put) must(database.db->Put({}, database.triplets(), key, value).ok());
  }
}

struct Costs {
  Cost fresh{"attempt, new triplet"}, bare_fresh{"  bare Get (absent) and Put"};
  Cost known{"attempt, known, used a moment ago"}, find{"find, present"}, bare_known{"  bare Get (present)"};
  Cost renewed{"attempt, known, used a minute ago"}, bare_renewed{"  bare Get (present) and Put"};
};

asio::awaitable<void> measure(Store& store, const Database& database, Costs& costs) {
  for (int round = 0; round < rounds; ++round) {
    const int from = round * steps;
    const auto passed = start + limits.delay;
    Cost unmeasured{""};
    co_await attempts(store, from, start, Verdict::first_seen, costs.fresh);
    bare(database, from, false, true, costs.bare_fresh);
    co_await attempts(store, from, passed, Verdict::retried, unmeasured);
    co_await attempts(store, from, passed, Verdict::known, costs.known);
    co_await finds(store, from, costs.find);
    bare(database, from, true, false, costs.bare_known);
    co_await attempts(store, from, passed + 1min, Verdict::known, costs.renewed);
    bare(database, from, true, true, costs.bare_renewed);
  }
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

}  // namespace

int main() {
  std::string dir = std::filesystem::temp_directory_path() / "greygate-bench-XXXXXX";
  must(::mkdtemp(dir.data()));
  {
    const RocksDbOptions options{.path = dir + "/store", .limits = limits, .clock = [] { return start; }};
    const auto store = open_rocksdb_store(options);
    const auto expiry = std::make_shared<Expiry>(options.clock, limits);
    const auto database =
        open_database({.path = dir + "/bare",
                       .options = database_options(options.cache_bytes, expiry, {[](const auto&) {}, options.warn}),
                       .clock = options.clock,
                       .warn = options.warn},
                      Rung::open);
    must(store && database);
    Costs costs;
    asio::io_context loop{1};
    asio::co_spawn(loop, measure(**store, **database, costs), asio::detached);
    loop.run();
    std::printf("%-36s %8s %12s\n", "", "us", "allocations");
    for (const auto* cost : {&costs.fresh, &costs.bare_fresh, &costs.known, &costs.find, &costs.bare_known,
                             &costs.renewed, &costs.bare_renewed}) {
      std::printf("%-36s %8.2f %12.1f\n", cost->what, median(cost->microseconds), median(cost->allocations));
    }
  }
  std::filesystem::remove_all(dir);
}

// Fills a store on disk with made-up triplets that have passed, in random order as mail brings them, faster than an
// import into a running proxy. No proxy may be using the store.
//
//     bench_fill DIRECTORY ENTRIES
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "greylist/store/rocksdb_store.h"

namespace {

using namespace greylist;

constexpr int batch = 1000;
const Limits limits;

Time now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

template <typename... Values>
std::string text(const char* format, Values... values) {
  std::array<char, 100> room;
  return {room.data(), static_cast<std::size_t>(std::snprintf(room.data(), room.size(), format, values...))};
}

// Lengths are those of ordinary addresses; the digits in them are as good as random, so they compress no better.
Entry made_up(std::mt19937_64& random, Time time) {
  const unsigned long long one = random(), two = random();
  const auto network = text("%u.%u.%u", unsigned(one % 223 + 1), unsigned(one >> 8 & 255), unsigned(one >> 16 & 255));
  return {.triplet = {.identity = network + ".0/24",
                      .sender = text("s%llxx@%llx.example.com", two, one >> 40),
                      .recipient = text("user%llu@example.org", one % 20000)},
          .record = {.first_seen = time - std::chrono::hours(1),
                     .passed = time,
                     .last_seen = time,
                     .last_client = network + ".7"}};
}

asio::awaitable<void> fill(Store& store, int count) {
  std::mt19937_64 random(4711);
  for (int done = 0; done < count; done += batch) {
    std::vector<Entry> entries;
    const auto time = now();
    for (int i = done; i < std::min(count, done + batch); ++i) entries.push_back(made_up(random, time));
    const auto taken = co_await store.take_over(std::move(entries), time, limits);
    if (!taken) throw std::runtime_error(taken.error().what);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return std::fprintf(stderr, "usage: bench_fill DIRECTORY ENTRIES\n"), 2;
  const auto store = open_rocksdb_store({.path = arguments[1], .limits = limits, .clock = now});
  if (!store) return std::fprintf(stderr, "bench_fill: %s\n", store.error().what.c_str()), 1;
  int code = 0;
  asio::io_context loop{1};
  asio::co_spawn(loop, fill(**store, std::atoi(arguments[2])), [&](const std::exception_ptr& failed) {
    if (!failed) return;
    std::fprintf(stderr, "bench_fill: it could not be filled\n");
    code = 1;
  });
  loop.run();
  return code;
}

#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "greylist/judge.h"

namespace proxy {

// A number that one event loop adds to and any thread reads.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract(std::uint64_t n = 1) { add(-n); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};  // one writer: no read-modify-write needed
};

// What one event loop has seen; summed over the loops when somebody asks.
struct Counters {
  struct {
    Counter open, accepted, refused, tls;
  } connections;
  struct {
    Counter put_off, passed, refused;
    std::array<Counter, greylist::verdict_count> verdicts;
  } recipients;
  struct {
    Counter relayed, refused, unknown, bytes;
  } messages;
};

}  // namespace proxy

#pragma once
#include <atomic>
#include <cstdint>

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

}  // namespace proxy

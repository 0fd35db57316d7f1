#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/counter.h"

namespace proxy {

// How long something took, time after time: a count for each range of durations, and their sum. As with Counter one
// event loop adds and any thread reads; a reader may find the sum one duration ahead of the counts.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;
  using Bounds = std::span<const Duration>;  // upper ends of the ranges, ascending; above the last is one more range
  static constexpr std::size_t most_bounds = 20;

  // What several have seen together.
  struct Seen {
    std::vector<std::uint64_t> counts;  // by range: one more than there are bounds
    double seconds = 0;
    Bounds bounds;
  };

  explicit Histogram(Bounds bounds) : bounds_(bounds) { assert(bounds.size() <= most_bounds); }  // `bounds` outlive it

  // Less than nothing, which a clock that was set can bring about, is nothing.
  void add(Duration took) {
    took = std::max(took, Duration::zero());
    const auto range = std::ranges::lower_bound(bounds_, took) - bounds_.begin();
    counts_[static_cast<std::size_t>(range)].add();
    const auto seconds = std::chrono::duration<double>(took).count();
    seconds_.store(seconds_.load(std::memory_order_relaxed) + seconds, std::memory_order_relaxed);
  }

  void add_to(Seen& seen) const {
    seen.bounds = bounds_;
    seen.counts.resize(bounds_.size() + 1);
    for (std::size_t i = 0; i < seen.counts.size(); ++i) seen.counts[i] += counts_[i].value();
    seen.seconds += seconds_.load(std::memory_order_relaxed);
  }

 private:
  Bounds bounds_;
  std::array<Counter, most_bounds + 1> counts_;
  std::atomic<double> seconds_{0};
};

}  // namespace proxy

#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "greylist/timestamp.h"

namespace proxy {

// How often each client's network has been put off on this day (UTC): what an attempt takes in the store is bounded by
// it, so that nobody fills the disk with triplets that never come back. Thread-safe. Networks share 65,536 counters by
// their hash, which takes 256 KiB however many there are; two that share one are as good as one.
class PutOffCounts {
 public:
  bool reached(std::string_view network, unsigned most, greylist::Time now);
  // True for the one that reaches it.
  bool add(std::string_view network, unsigned most);

 private:
  std::atomic<std::uint32_t>& count_of(std::string_view network);

  std::array<std::atomic<std::uint32_t>, 65'536> counts_{};
  std::atomic<std::int64_t> day_ = 0;
};

}  // namespace proxy

#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "greylist/timestamp.h"

namespace proxy {

// How often each client has been put off on this day (UTC): what its attempts take in the store is bounded by it, so
// that nobody fills the disk with triplets that never come back. Thread-safe. Clients share 65,536 counters by a hash
// that differs from run to run; that takes 256 KiB however many clients there are.
class PutOffCounts {
 public:
  PutOffCounts();
  bool any_reached(greylist::Time now);  // begins anew with the day
  bool reached(std::string_view client, unsigned most) const;
  bool add(std::string_view client, unsigned most);  // true for the one that reaches it

 private:
  std::size_t place(std::string_view client) const;

  const std::string seed_;
  std::array<std::atomic<std::uint32_t>, 65'536> counts_{};
  std::atomic<std::int64_t> day_ = 0;
  std::atomic<bool> any_reached_ = false;
};

}  // namespace proxy

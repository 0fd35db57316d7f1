#include "proxy/put_off_counts.h"

#include <chrono>
#include <functional>

namespace proxy {

std::atomic<std::uint32_t>& PutOffCounts::count_of(std::string_view network) {
  return counts_[std::hash<std::string_view>{}(network) % counts_.size()];
}

bool PutOffCounts::reached(std::string_view network, unsigned most, greylist::Time now) {
  const auto today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  if (day_.load(std::memory_order_relaxed) != today && day_.exchange(today) != today)
    for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
  return count_of(network).load(std::memory_order_relaxed) >= most;
}

bool PutOffCounts::add(std::string_view network, unsigned most) {
  return count_of(network).fetch_add(1, std::memory_order_relaxed) + 1 == most;
}

}  // namespace proxy

#include "proxy/put_off_counts.h"

#include <chrono>
#include <functional>
#include <random>

namespace proxy {

PutOffCounts::PutOffCounts() : seed_(std::to_string(std::random_device{}())) {}

std::size_t PutOffCounts::place(std::string_view client) const {
  return std::hash<std::string>{}(seed_ + std::string(client)) % counts_.size();
}

bool PutOffCounts::any_reached(greylist::Time now) {
  const auto today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  auto day = day_.load(std::memory_order_relaxed);
  // Somebody who read the clock before midnight may come after it; a day further back it is the clock that went.
  const bool is_another = today > day || today + 1 < day;
  if (is_another && day_.compare_exchange_strong(day, today)) {
    for (auto& count : counts_) count.store(0, std::memory_order_relaxed);
    any_reached_.store(false, std::memory_order_relaxed);
  }
  return any_reached_.load(std::memory_order_relaxed);
}

bool PutOffCounts::reached(std::string_view client, unsigned most) const {
  return counts_[place(client)].load(std::memory_order_relaxed) >= most;
}

bool PutOffCounts::add(std::string_view client, unsigned most) {
  if (counts_[place(client)].fetch_add(1, std::memory_order_relaxed) + 1 != most) return false;
  any_reached_.store(true, std::memory_order_relaxed);
  return true;
}

}  // namespace proxy

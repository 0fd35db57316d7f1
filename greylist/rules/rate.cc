#include "rules/rate.h"

namespace greylist {
namespace {

std::string name_of(std::string_view identity, Duration period) {
  return std::to_string(period.count()).append(" ").append(identity);
}

std::int64_t stretch_of(Time now, Duration period) { return now.time_since_epoch() / period; }

}  // namespace

RateCounts::RateCounts(std::size_t most)
    : counts_(most, [this](const Counts& counts) {
        return counts.over <= latest_.load(std::memory_order_relaxed) ? 0 : counts.now + counts.before;
      }) {}

RateCounts::Counts RateCounts::moved_on(Counts counts, std::int64_t stretch) {
  if (stretch == counts.stretch) return counts;
  return {stretch, 0, stretch == counts.stretch + 1 ? counts.now : 0, counts.over};
}

double RateCounts::within(const Counts& counts, Duration period, Time now) {
  const auto into = std::chrono::duration<double>(now.time_since_epoch() % period);
  return counts.now + counts.before * (1 - into / period);
}

Attempts RateCounts::count(std::string_view identity, std::span<const Duration> periods, Time now) {
  latest_.store(now, std::memory_order_relaxed);
  Attempts all;
  for (const auto period : periods)
    all[period] = counts_.change(name_of(identity, period), [&](Counts& counts) {
      counts = moved_on(counts, stretch_of(now, period));
      ++counts.now;
      counts.over = Time((counts.stretch + 2) * period);
      return within(counts, period, now);
    });
  return all;
}

Attempts RateCounts::counted(std::string_view identity, std::span<const Duration> periods, Time now) const {
  Attempts all;
  for (const auto period : periods) {
    const auto found = counts_.find(name_of(identity, period));
    all[period] = found ? within(moved_on(*found, stretch_of(now, period)), period, now) : 0;
  }
  return all;
}

}  // namespace greylist

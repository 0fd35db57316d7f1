#include "proxy/dns/dns_cache.h"

#include <algorithm>

namespace proxy {
namespace {

constexpr std::chrono::seconds shortest{1}, longest{3'600}, of_failures{5};

std::chrono::seconds lifetime_of(const DnsAnswer& answer) {
  if (answer.outcome == DnsAnswer::Outcome::failed) return of_failures;
  return std::clamp(answer.lifetime, shortest, longest);
}

}  // namespace

std::optional<DnsAnswer> DnsCache::find(const DnsQuestion& question, Time now) const {
  const auto found = answers_.find(question);
  if (found == answers_.end() || found->second.lapse->first <= now) return std::nullopt;
  auto answer = found->second.answer;
  answer.lifetime = std::chrono::floor<std::chrono::seconds>(found->second.lapse->first - now);
  return answer;
}

void DnsCache::keep(const DnsQuestion& question, const DnsAnswer& answer, Time now) {
  if (const auto old = answers_.find(question); old != answers_.end()) {
    lapses_.erase(old->second.lapse);
    answers_.erase(old);
  }
  while (!lapses_.empty() && (answers_.size() >= most_ || lapses_.begin()->first <= now)) drop_first();
  const auto lapse = lapses_.emplace(now + lifetime_of(answer), question);
  answers_.emplace(question, Kept{answer, lapse});
}

void DnsCache::drop_first() {
  answers_.erase(lapses_.begin()->second);
  lapses_.erase(lapses_.begin());
}

}  // namespace proxy

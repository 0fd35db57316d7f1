#include "proxy/dns/dns_cache.h"

#include <algorithm>

#include "greylist/ascii.h"

namespace proxy {
namespace {

constexpr std::chrono::seconds shortest{1}, longest{3'600}, of_failures{5};

std::chrono::seconds lifetime_of(const DnsAnswer& answer) {
  if (answer.outcome == DnsAnswer::Outcome::failed) return of_failures;
  return std::clamp(answer.lifetime, shortest, longest);
}

}  // namespace

std::optional<DnsAnswer> DnsCache::find(const std::string& name, DnsType type, Time now) const {
  const auto found = answers_.find({greylist::ascii::lowered(name), type});
  if (found == answers_.end() || found->second.lapse->first <= now) return std::nullopt;
  return found->second.answer;
}

void DnsCache::keep(const std::string& name, DnsType type, const DnsAnswer& answer, Time now) {
  Key key{greylist::ascii::lowered(name), type};
  if (const auto old = answers_.find(key); old != answers_.end()) {
    lapses_.erase(old->second.lapse);
    answers_.erase(old);
  }
  while (!lapses_.empty() && (answers_.size() >= most_ || lapses_.begin()->first <= now)) drop_first();
  const auto lapse = lapses_.emplace(now + lifetime_of(answer), key);
  answers_.emplace(std::move(key), Kept{answer, lapse});
}

void DnsCache::drop_first() {
  answers_.erase(lapses_.begin()->second);
  lapses_.erase(lapses_.begin());
}

}  // namespace proxy

#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "proxy/dns/dns_answer.h"

namespace proxy {

// What the DNS said, for as long as it said that it holds (RFC 1035 §3.2.1): at least a second, at most an hour; that
// nobody could say, for five seconds. Bounded: where there are too many answers, the first to lapse goes.
class DnsCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit DnsCache(std::size_t most = 20'000) : most_(most) {}

  std::optional<DnsAnswer> find(const std::string& name, DnsType type, Time now) const;
  void keep(const std::string& name, DnsType type, const DnsAnswer& answer, Time now);
  std::size_t size() const { return answers_.size(); }

 private:
  using Key = std::pair<std::string, DnsType>;  // names in lower case (RFC 4343)
  using Lapses = std::multimap<Time, Key>;
  struct Kept {
    DnsAnswer answer;
    Lapses::iterator lapse;
  };
  void drop_first();

  std::size_t most_;
  std::map<Key, Kept> answers_;
  Lapses lapses_;
};

}  // namespace proxy

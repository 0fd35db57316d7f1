#pragma once
#include <chrono>
#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "greylist/ascii.h"
#include "proxy/dns/dns_answer.h"

namespace proxy {

// What the DNS is asked: the records of one type of a name, which is in lower case (RFC 4343).
struct DnsQuestion {
  DnsQuestion(std::string_view any_case, DnsType about) : name(greylist::ascii::lowered(any_case)), type(about) {}
  std::string name;
  DnsType type;
  auto operator<=>(const DnsQuestion&) const = default;
};

// What the DNS said, for as long as it said that it holds (RFC 1035 §3.2.1): at least a second, at most an hour; that
// nobody could say, for five seconds. Bounded: where there are too many answers, the first to lapse goes.
class DnsCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit DnsCache(std::size_t most = 20'000) : most_(most) {}

  std::optional<DnsAnswer> find(const DnsQuestion& question, Time now) const;  // with what is left of its lifetime
  void keep(const DnsQuestion& question, const DnsAnswer& answer, Time now);
  std::size_t size() const { return answers_.size(); }

 private:
  using Lapses = std::multimap<Time, DnsQuestion>;
  struct Kept {
    DnsAnswer answer;
    Lapses::iterator lapse;
  };
  void drop_first();

  std::size_t most_;
  std::map<DnsQuestion, Kept> answers_;
  Lapses lapses_;
};

}  // namespace proxy

#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "bounded_map.h"
#include "timestamp.h"

namespace greylist {

// More attempts in a period than this: "100/1h".
struct Rate {
  unsigned attempts = 0;
  Duration period{};
  bool operator==(const Rate&) const = default;
};

using Attempts = std::map<Duration, double>;  // by period

// How many attempts each client has made in each of some periods, for as many clients as there is room. Thread-safe.
class RateCounts {
 public:
  static constexpr std::size_t most_by_default = 65'536;
  explicit RateCounts(std::size_t most = most_by_default);

  // Its attempts in each of the periods that end now, this one included: counted for the present stretch and, for what
  // is left of the period, as if those of the stretch before had come evenly.
  Attempts count(std::string_view identity, std::span<const Duration> periods, Time now);
  Attempts counted(std::string_view identity, std::span<const Duration> periods, Time now) const;

 private:
  struct Counts {
    std::int64_t stretch = 0;  // its number since 1970
    double now = 0, before = 0;
    Time over;  // from here on they say nothing
  };
  static double within(const Counts& counts, Duration period, Time now);
  static Counts moved_on(Counts counts, std::int64_t stretch);

  std::atomic<Time> latest_{};
  BoundedMap<Counts> counts_;
};

}  // namespace greylist

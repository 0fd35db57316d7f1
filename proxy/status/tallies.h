#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "greylist/timestamp.h"

namespace proxy {

// What is counted over time: recipients, and of relayed ones messages.
enum class Event { put_off, passed, refused, relayed };
inline constexpr std::size_t event_count = static_cast<std::size_t>(Event::relayed) + 1;
std::string_view word(Event event);                    // "put_off"
using Tally = std::array<std::uint64_t, event_count>;  // by Event

// How many of each event fell into each of the latest steps of time: a minute each, or an hour.
class Tallies {
 public:
  Tallies(std::chrono::seconds step, std::size_t steps) : step_(step), tallies_(steps) {}

  void add(greylist::Time now, Event event);
  // As many as there are steps, the oldest first; the last is the one that `now` is in, and not over.
  std::vector<Tally> until(greylist::Time now) const;

  std::chrono::seconds step() const { return step_; }

 private:
  std::int64_t number(greylist::Time time) const { return time.time_since_epoch() / step_; }
  std::size_t place(std::int64_t number) const { return static_cast<std::size_t>(number) % tallies_.size(); }

  std::chrono::seconds step_;
  std::vector<Tally> tallies_;  // a ring
  std::int64_t latest_ = 0;     // step, since the epoch
};

}  // namespace proxy

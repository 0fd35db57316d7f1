#include "proxy/status/tallies.h"

#include <algorithm>

namespace proxy {

std::string_view word(Event event) {
  static constexpr std::array<std::string_view, event_count> words{"put_off", "passed", "refused", "relayed"};
  return words[static_cast<std::size_t>(event)];
}

void Tallies::add(greylist::Time now, Event event) {
  const auto step = number(now);
  const auto steps = static_cast<std::int64_t>(tallies_.size());
  if (step <= latest_ - steps) {  // the clock was set back, past everything we know
    std::ranges::fill(tallies_, Tally{});
    latest_ = step;
  }
  for (auto fresh = std::max(latest_, step - steps); fresh < step; ++fresh) tallies_[place(fresh + 1)] = {};
  latest_ = std::max(latest_, step);
  ++tallies_[place(step)][static_cast<std::size_t>(event)];
}

std::vector<Tally> Tallies::until(greylist::Time now) const {
  const auto steps = static_cast<std::int64_t>(tallies_.size());
  const auto last = number(now);
  std::vector<Tally> tallies;
  for (auto step = last - steps + 1; step <= last; ++step) {
    const bool known = step <= latest_ && step > latest_ - steps;
    tallies.push_back(known ? tallies_[place(step)] : Tally{});
  }
  return tallies;
}

}  // namespace proxy

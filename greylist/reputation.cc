#include "reputation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace greylist {
namespace {

constexpr Duration half_life = std::chrono::days(7);
// Mail servers come back within four hours, by their documentation and as they were seen to; it takes them that long
// only where they retry once an hour or less and met with trouble on the way.
constexpr Duration span = std::chrono::hours(4);

constexpr double refused_message_weight = 2, trap_hit_weight = 5;
// Deeds: one or two may be anybody's bad luck, and a spam engine that learned to retry soon has a few good ones.
// Ten and three, that is, which have aged a little since.
constexpr double enough_good = 9.5, enough_bad = 2.5;
constexpr double majority = 3;  // of one kind for each of the other

double good(const Reputation& r) { return r.retries + r.deliveries; }
double bad(const Reputation& r) {
  return r.one_shots + r.unknown_recipients + refused_message_weight * r.refused_messages +
         trap_hit_weight * r.trap_hits;
}

double worse_than_one_shots(const Reputation& r) { return r.unknown_recipients + r.refused_messages + r.trap_hits; }

auto span_of(Time time) { return std::chrono::floor<Duration>(time).time_since_epoch() / span; }

// Who hasn't come back in time won't.
void give_up_waiting(Reputation& r, std::int64_t spans) {
  if (spans < 1) return;
  r.one_shots += r.pending[1];
  r.pending = {0, r.pending[0]};
  if (spans < 2) return;
  r.one_shots += r.pending[1];
  r.pending[1] = 0;
}

// The retry belongs to one of the first attempts; to the oldest that it may be.
void take_one(Reputation& r) {
  double left = 1;
  for (auto* place : {&r.pending[1], &r.pending[0], &r.one_shots}) {
    const double taken = std::min(*place, left);
    *place -= taken;
    left -= taken;
  }
}

}  // namespace

std::string_view word(Standing standing) { return standing_words[std::to_underlying(standing)]; }

std::optional<Standing> parse_standing(std::string_view word) {
  const auto* found = std::ranges::find(standing_words, word);
  if (found == standing_words.end()) return std::nullopt;
  return static_cast<Standing>(found - standing_words.begin());
}

Reputation aged(Reputation r, Time now) {
  if (now <= r.as_of) return r;
  const double left = std::exp2(-std::chrono::duration<double>(now - r.as_of) / half_life);
  for (auto* deeds :
       {&r.retries, &r.deliveries, &r.one_shots, &r.unknown_recipients, &r.refused_messages, &r.trap_hits})
    *deeds *= left;
  give_up_waiting(r, span_of(now) - span_of(r.as_of));
  r.as_of = now;
  return r;
}

Reputation after(const Reputation& before, Deed deed, Time now) {
  auto r = aged(before, now);
  switch (deed) {
    case Deed::first_attempt: r.pending[0] += 1; break;
    case Deed::retry:
      take_one(r);
      r.retries += 1;
      break;
    case Deed::let_through: take_one(r); break;
    case Deed::delivery: r.deliveries += 1; break;
    case Deed::unknown_recipient:
      r.retries = std::max(r.retries - 1, 0.0);  // to come back for nobody is no good deed
      r.unknown_recipients += 1;
      break;
    case Deed::refused_message: r.refused_messages += 1; break;
    case Deed::trap_hit: r.trap_hits += 1; break;
  }
  return r;
}

Standing standing(const Reputation& reputation, Time now) {
  const auto r = aged(reputation, now);
  const double for_it = good(r), against_it = bad(r);
  const double worse = worse_than_one_shots(r);
  const bool enough_against_it = worse >= 0.5 && worse + r.one_shots >= enough_bad;
  if (for_it >= enough_good && for_it >= majority * against_it) return Standing::good;
  if (enough_against_it && against_it >= majority * for_it) return Standing::bad;
  return Standing::unknown;
}

double weight(const Reputation& r) {
  constexpr double passed = 1, trapped = trap_hit_weight;
  return good(r) + bad(r) + (r.pending[0] + r.pending[1]) / 2 + (r.passed ? passed : 0) + (r.trapped ? trapped : 0);
}

bool worth_keeping(const Reputation& reputation, Time now) { return now - reputation.as_of <= 7 * half_life; }

}  // namespace greylist

#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "timestamp.h"

namespace greylist {

// What a client did that tells a mail server from a spam engine.
enum class Deed {
  first_attempt,      // put off for the first time: what it makes of that remains to be seen
  retry,              // came back when the delay was over
  let_through,        // came back, maybe: it passes for another reason than that
  delivery,           // a message that the backend took
  unknown_recipient,  // a recipient that doesn't exist
  refused_message,    // content that the backend refused for good
  trap_hit,           // a recipient that nobody owns
};

enum class Standing { good, unknown, bad };
inline constexpr std::array<std::string_view, 3> standing_words{"good", "unknown", "bad"};
std::string_view word(Standing standing);
std::optional<Standing> parse_standing(std::string_view word);

// How a client has behaved of late, under one of its identities. What it did counts half after a week, so that who
// mends is forgiven and who turns bad is found out.
struct Reputation {
  double retries = 0, deliveries = 0;
  double one_shots = 0;  // first attempts that were never followed by a retry
  double unknown_recipients = 0, refused_messages = 0, trap_hits = 0;
  // First attempts of this span of four hours, and of the one before: these may yet be followed by a retry.
  std::array<double, 2> pending{};
  Time as_of;
  std::optional<Time> passed;   // the last time that a triplet of it passed
  std::optional<Time> trapped;  // when its network fell into a trap
  bool operator==(const Reputation&) const = default;
};

// The same at `now`. A clock that went back changes nothing.
Reputation aged(Reputation reputation, Time now);
Reputation after(const Reputation& before, Deed deed, Time now);

// Good or bad by a clear majority of enough deeds; a delivery is as good as a retry, a refused message twice as bad as
// a one-shot or an unknown recipient, a trap hit five times.
Standing standing(const Reputation& reputation, Time now);

// How much is known by it: where there is no room for all, the lighter ones go.
double weight(const Reputation& reputation);
// Seven weeks after the last deed there is hardly anything left of it.
bool worth_keeping(const Reputation& reputation, Time now);

}  // namespace greylist

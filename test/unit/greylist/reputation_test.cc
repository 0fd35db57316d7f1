#include "greylist/reputation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "greylist/reputations.h"

using namespace greylist;
using namespace std::chrono_literals;

namespace {

const Time start{std::chrono::hours(480'000)};
constexpr auto span = 4h;

using Deeds = std::vector<std::pair<Deed, int>>;

Reputation after_all(const Deeds& deeds, Time now = start) {
  Reputation reputation{.as_of = now};
  for (const auto& [deed, times] : deeds)
    for (int i = 0; i < times; ++i) reputation = after(reputation, deed, now);
  return reputation;
}

Reputation known(const Reputations& reputations, std::string_view identity) {
  return reputations.find(identity).value_or(Reputation());
}

}  // namespace

TEST_CASE("good and bad by a clear majority of enough deeds") {
  using enum Deed;
  struct Row {
    Deeds deeds;
    Standing standing;
  };
  const std::vector<Row> rows{
      {{}, Standing::unknown},
      {{{retry, 9}}, Standing::unknown},
      {{{retry, 10}}, Standing::good},
      {{{delivery, 10}}, Standing::good},
      {{{retry, 5}, {delivery, 5}}, Standing::good},
      {{{let_through, 50}}, Standing::unknown},
      {{{first_attempt, 50}}, Standing::unknown},  // nobody knows yet
      {{{retry, 12}, {unknown_recipient, 3}}, Standing::unknown},
      {{{delivery, 12}, {unknown_recipient, 4}}, Standing::good},
      {{{delivery, 12}, {unknown_recipient, 5}}, Standing::unknown},
      {{{unknown_recipient, 2}}, Standing::unknown},
      {{{unknown_recipient, 3}}, Standing::bad},
      {{{unknown_recipient, 3}, {retry, 1}}, Standing::bad},
      {{{retry, 5}, {unknown_recipient, 5}}, Standing::bad},
      {{{delivery, 2}, {unknown_recipient, 5}}, Standing::unknown},
      {{{refused_message, 2}}, Standing::unknown},
      {{{refused_message, 3}}, Standing::bad},
      {{{refused_message, 3}, {delivery, 3}}, Standing::unknown},
      {{{trap_hit, 1}}, Standing::unknown},
      {{{trap_hit, 3}}, Standing::bad},
      {{{trap_hit, 1}, {unknown_recipient, 2}, {delivery, 2}}, Standing::bad},
      {{{trap_hit, 1}, {delivery, 15}}, Standing::good},
  };
  for (const auto& [deeds, expected] : rows) {
    const auto reputation = after_all(deeds);
    CAPTURE(reputation.retries);
    CAPTURE(reputation.unknown_recipients);
    CHECK(word(standing(reputation, start)) == word(expected));
  }
}

TEST_CASE("a first attempt that nobody repeats in time was a one-shot") {
  auto reputation = after_all({{Deed::first_attempt, 6}});
  reputation = after(reputation, Deed::retry, start + 5min);
  CHECK(aged(reputation, start + span).one_shots == 0);
  CHECK(standing(reputation, start + span) == Standing::unknown);
  const auto later = aged(reputation, start + 2 * span);
  CHECK(later.one_shots == 5);
  CHECK(later.pending == std::array<double, 2>{});
  // Another MX may have got the retry. With another bad deed it is different.
  CHECK(standing(later, start + 2 * span) == Standing::unknown);
  CHECK(standing(after(later, Deed::unknown_recipient, start + 2 * span), start + 2 * span) == Standing::bad);
  CHECK(aged(reputation, start + 3 * span).one_shots == doctest::Approx(5).epsilon(0.1));
}

TEST_CASE("a retry that comes later still clears the attempt") {
  auto reputation = after_all({{Deed::first_attempt, 4}});
  for (int i = 0; i < 4; ++i) reputation = after(reputation, Deed::retry, start + 2 * span);
  CHECK(reputation.one_shots == 0);
  CHECK(reputation.retries == 4);
}

TEST_CASE("deeds count half after a week") {
  const auto reputation = after_all({{Deed::unknown_recipient, 2}, {Deed::retry, 12}});
  const auto later = aged(reputation, start + std::chrono::days(7));
  CHECK(later.retries == doctest::Approx(6));
  CHECK(later.unknown_recipients == doctest::Approx(1));
  CHECK(standing(reputation, start) == Standing::good);
  CHECK(standing(reputation, start + std::chrono::days(14)) == Standing::unknown);
}

TEST_CASE("who mends is forgiven, who turns bad is found out") {
  auto reputation = after_all({{Deed::unknown_recipient, 10}});
  const auto later = start + std::chrono::days(21);
  CHECK(standing(reputation, later) == Standing::unknown);
  for (int i = 0; i < 10; ++i) reputation = after(reputation, Deed::retry, later);
  CHECK(standing(reputation, later) == Standing::good);
  for (int i = 0; i < 20; ++i) reputation = after(reputation, Deed::refused_message, later);
  CHECK(standing(reputation, later) == Standing::bad);
}

TEST_CASE("a clock that went back changes nothing") {
  const auto reputation = after_all({{Deed::retry, 3}, {Deed::first_attempt, 1}});
  CHECK(aged(reputation, start - 24h) == reputation);
  CHECK(after(reputation, Deed::retry, start - 24h).retries == 4);
}

TEST_CASE("an attempt counts by what became of it") {
  Reputations reputations;
  const std::vector<Identity> identities{{"spf:example.org", ""}, {"192.0.2.0/24", ""}};
  reputations.note_attempt("spf:example.org", Verdict::first_seen, Action::put_off, start);
  CHECK(known(reputations, "spf:example.org").pending[0] == 1);
  reputations.note_attempt("spf:example.org", Verdict::first_seen, Action::pass, start);  // in mode observe
  reputations.note_attempt("spf:example.org", Verdict::too_early, Action::put_off, start);
  CHECK(known(reputations, "spf:example.org").pending[0] == 1);
  CHECK_FALSE(reputations.has_passed(identities, start, 1h));
  reputations.note_attempt("spf:example.org", Verdict::retried, Action::pass, start);
  CHECK(known(reputations, "spf:example.org").retries == 1);
  CHECK(known(reputations, "spf:example.org").pending[0] == 0);
  reputations.note_pass("spf:example.org", start);
  CHECK(reputations.has_passed(identities, start + 1h, 1h));
  CHECK_FALSE(reputations.has_passed(identities, start + 61min, 1h));
  reputations.note_pass("192.0.2.0/24", start + 2h);
  CHECK(reputations.has_passed(identities, start + 2h, 1h));
}

TEST_CASE("who is let through for another reason has come back all the same") {
  Reputations reputations;
  for (const auto verdict : {Verdict::auto_allowed, Verdict::rule_allow}) {
    reputations.note_attempt("a", Verdict::first_seen, Action::put_off, start);
    reputations.note_attempt("a", verdict, Action::pass, start + 1min);
    CHECK(known(reputations, "a").pending[0] == 0);
    CHECK(known(reputations, "a").retries == 0);
  }
  CHECK(reputations.has_passed(std::vector<Identity>{{"", "a"}}, start + 1h, 1h));
}

TEST_CASE("a network stays in the trap for its time") {
  Reputations reputations;
  CHECK_FALSE(reputations.trapped("192.0.2.0/24", start, 1h));
  reputations.trap("192.0.2.0/24", start);
  CHECK(reputations.trapped("192.0.2.0/24", start + 1h, 1h));
  CHECK_FALSE(reputations.trapped("192.0.2.0/24", start + 61min, 1h));
  CHECK_FALSE(reputations.trapped("192.0.3.0/24", start, 1h));
  reputations.changes(start + 1min);
  CHECK(reputations.trapped("192.0.2.0/24", start + 1h, 1h));
}

TEST_CASE("what couldn't be written is told again") {
  Reputations reputations;
  reputations.note("a", Deed::retry, start);
  auto changes = reputations.changes(start);
  reputations.not_written({{"b", std::nullopt}, changes.front()});
  CHECK(reputations.changes(start).size() == 2);
}

TEST_CASE("what changed is told once, and what came to nothing is forgotten") {
  Reputations reputations;
  reputations.note("a", Deed::retry, start);
  reputations.note("b", Deed::retry, start);
  auto changes = reputations.changes(start);
  CHECK(changes.size() == 2);
  CHECK(reputations.changes(start).empty());
  reputations.note("a", Deed::retry, start + std::chrono::days(40));
  const auto later = start + std::chrono::days(50);
  changes = reputations.changes(later);
  REQUIRE(changes.size() == 2);
  std::ranges::sort(changes, {}, &ReputationChange::identity);
  CHECK(changes[0].reputation.has_value());
  CHECK_FALSE(changes[1].reputation.has_value());
  CHECK_FALSE(reputations.find("b"));
}

TEST_CASE("what was written is known again, and isn't news") {
  Reputations before, after;
  before.note("a", Deed::retry, start);
  before.trap("a", start);
  after.recall(before.changes(start));
  CHECK(after.find("a") == before.find("a"));
  CHECK(after.changes(start).empty());
  Reputations busy;
  busy.note("a", Deed::trap_hit, start);
  before.note("a", Deed::retry, start);
  busy.recall(before.changes(start));
  CHECK(known(busy, "a").trap_hits == 1);
}

TEST_CASE("where there are too many, those of whom little is known make room") {
  constexpr int most = 1600;
  Reputations reputations(most);
  for (int i = 0; i < 100; ++i)
    for (int j = 0; j < 20; ++j) reputations.note("good " + std::to_string(i), Deed::retry, start);
  reputations.changes(start);  // they are written
  for (int i = 0; i < 50'000; ++i)
    reputations.note_attempt("stranger " + std::to_string(i), Verdict::first_seen, Action::put_off, start);
  int known = 0;
  for (int i = 0; i < 100; ++i) known += reputations.find("good " + std::to_string(i)).has_value();
  CHECK(known > 90);
  int strangers = 0, forgotten = 0;
  for (const auto& change : reputations.changes(start)) change.reputation ? ++strangers : ++forgotten;
  CHECK(strangers <= most);
  CHECK(forgotten == 100 - known);
}

#include "greylist/judge.h"

#include <doctest/doctest.h>

#include <set>

using namespace greylist;
using namespace std::chrono_literals;

namespace {

const Limits limits{.delay = 5min, .retry_window = 48h, .lifetime = 864h};
const Time start{1000h};

Time at(Duration since_start) { return start + since_start; }

Record waiting(Duration last_seen = 0s) {
  return {.first_seen = start, .last_seen = at(last_seen), .last_client = "192.0.2.1"};
}
Record passed(Duration last_seen) {
  return {.first_seen = start,
          .passed = at(6min),
          .last_seen = at(last_seen),
          .credited = true,
          .last_client = "192.0.2.1"};
}

}  // namespace

TEST_CASE("a waiting triplet passes from the delay to the end of the retry window, ends included") {
  struct Row {
    const char* why;
    Duration age;
    Verdict verdict;
  };
  for (const auto& [why, age, verdict] : {
           Row{"at once", 0s, Verdict::too_early},
           Row{"just before the delay is over", 5min - 1ms, Verdict::too_early},
           Row{"the delay is over", 5min, Verdict::retried},
           Row{"the last moment of the window", 48h, Verdict::retried},
           Row{"past the window", 48h + 1ms, Verdict::first_seen},
           Row{"long past the window", 8760h, Verdict::first_seen},
           Row{"the clock went back", -1h, Verdict::too_early},
       }) {
    CAPTURE(why);
    const auto judgement = judge(waiting(), at(age), limits, "192.0.2.9");
    CHECK(judgement.verdict == verdict);
    CHECK(judgement.record.last_seen == at(age));
    CHECK(judgement.record.last_client == "192.0.2.9");
    CHECK(judgement.record.first_seen == (verdict == Verdict::first_seen ? at(age) : start));
    CHECK(judgement.record.passed == (verdict == Verdict::retried ? std::optional(at(age)) : std::nullopt));
  }
}

TEST_CASE("a triplet that passed is known as long as it is used") {
  struct Row {
    const char* why;
    Duration last_seen, now;
    Verdict verdict;
  };
  for (const auto& [why, last_seen, now, verdict] : {
           Row{"used a moment ago", 7min, 7min, Verdict::known},
           Row{"the last moment of its life", 7min, 864h + 7min, Verdict::known},
           Row{"unused for longer than its life", 7min, 864h + 7min + 1ms, Verdict::first_seen},
           Row{"old, but used lately", 8760h, 8761h, Verdict::known},
           Row{"the clock went back", 8760h, 0s, Verdict::known},
       }) {
    CAPTURE(why);
    const auto judgement = judge(passed(last_seen), at(now), limits, "192.0.2.9");
    CHECK(judgement.verdict == verdict);
    CHECK(judgement.record.last_seen == at(now));
    const bool lives = verdict == Verdict::known;
    CHECK(judgement.record.first_seen == (lives ? start : at(now)));
    CHECK(judgement.record.passed == (lives ? std::optional(at(6min)) : std::nullopt));
    CHECK(judgement.record.credited == lives);
  }
}

TEST_CASE("an unknown triplet begins its wait") {
  const Record begun{.first_seen = start, .last_seen = start, .last_client = "192.0.2.1"};
  const auto judgement = judge(std::nullopt, start, limits, "192.0.2.1");
  CHECK(judgement.verdict == Verdict::first_seen);
  CHECK(judgement.record == begun);
}

TEST_CASE("early retries don't start the wait again") {
  auto record = judge(std::nullopt, start, limits, "").record;
  for (const auto age : {1min, 2min, 4min}) {
    const auto judgement = judge(record, at(age), limits, "");
    CHECK(judgement.verdict == Verdict::too_early);
    record = judgement.record;
  }
  CHECK(judge(record, at(5min), limits, "").verdict == Verdict::retried);
}

TEST_CASE("without a delay the second attempt passes, however soon") {
  const auto first = judge(std::nullopt, start, {.delay = 0s}, "");
  CHECK(first.verdict == Verdict::first_seen);
  CHECK(judge(first.record, start, {.delay = 0s}, "").verdict == Verdict::retried);
}

TEST_CASE("a client earns its way by passed triplets, at most one an interval") {
  const AutoAllow rule{.after = 2, .interval = 1h};
  const auto one = count(std::nullopt, start, limits, rule);
  REQUIRE(one);
  CHECK(*one == Credit{1, start, start});
  CHECK_FALSE(earned(one, start, limits, rule));
  CHECK_FALSE(count(one, at(1h - 1ms), limits, rule));
  CHECK_FALSE(count(one, at(-1h), limits, rule));

  const auto two = count(one, at(1h), limits, rule);
  REQUIRE(two);
  CHECK(*two == Credit{2, at(1h), at(1h)});
  CHECK(earned(two, at(1h), limits, rule));
  CHECK(earned(two, at(-5h), limits, rule));
  CHECK_FALSE(earned(std::nullopt, start, limits, rule));
  CHECK_FALSE(earned(two, at(1h), limits, {.after = 0}));
}

TEST_CASE("what was earned lapses a lifetime after its last use") {
  const AutoAllow rule{.after = 1, .interval = 1h};
  const Credit credit{7, start, at(2h)};
  CHECK_FALSE(lapsed(credit, at(866h), limits));
  CHECK(earned(credit, at(866h), limits, rule));
  CHECK(lapsed(credit, at(866h + 1ms), limits));
  CHECK_FALSE(earned(credit, at(866h + 1ms), limits, rule));
  CHECK(count(credit, at(866h + 1ms), limits, rule)->count == 1);
}

TEST_CASE("with no interval every passed triplet counts") {
  const AutoAllow rule{.after = 3, .interval = 0s};
  std::optional<Credit> credit;
  for (unsigned n = 1; n <= 3; ++n) {
    credit = count(credit, start, limits, rule);
    REQUIRE(credit);
    CHECK(credit->count == n);
  }
  CHECK(earned(credit, start, limits, rule));
}

TEST_CASE("every verdict and action has a word of its own") {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < verdict_count; ++i) words.insert(word(static_cast<Verdict>(i)));
  CHECK(words.size() == verdict_count);
  CHECK_FALSE(words.contains(""));
  CHECK(word(Verdict::first_seen) == "first_seen");
  CHECK(word(Verdict::block_recipient) == "block_recipient");
  CHECK(word(Verdict::off) == "off");
  CHECK(word(Action::put_off) == "put_off");
}

#include "proxy/status/recent.h"

#include <doctest/doctest.h>

#include <numeric>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using greylist::Time;

constexpr Time noon{std::chrono::sys_days(std::chrono::November / 22 / 2026) + 12h};

Recent::Decision put_off(Time time, std::string client = "192.0.2.1") {
  return {.time = time, .became = Event::put_off, .client = std::move(client), .verdict = "first_seen"};
}

std::uint64_t sum(const std::vector<Tally>& tallies, Event event) {
  return std::accumulate(
      tallies.begin(), tallies.end(), std::uint64_t{0},
      [&](std::uint64_t so_far, const Tally& tally) { return so_far + tally[static_cast<std::size_t>(event)]; });
}

TEST_CASE("events stand in the minute and in the hour in which they happened") {
  struct Row {
    const char* why;
    std::chrono::seconds ago;
    std::size_t minute, hour;  // from now backwards; out of the table: forgotten
  };
  const Time now = noon + 30min + 30s;
  for (const auto& [why, ago, minute, hour] : {
           Row{"now", 0s, 0, 0},
           Row{"earlier in this minute", 30s, 0, 0},
           Row{"in the minute before", 31s, 1, 0},
           Row{"in the first minute of the hour", 30min, 30, 0},
           Row{"in the hour before", 30min + 31s, 31, 1},
           Row{"in the oldest minute", 59min + 30s, 59, 1},
           Row{"too long ago for minutes", 59min + 31s, 60, 1},
           Row{"in the oldest hour", 47h + 30min, 60, 47},
           Row{"too long ago", 47h + 31min, 60, 48},
       }) {
    CAPTURE(why);
    Recent recent;
    recent.relayed(now - ago);
    const auto report = recent.report(now);
    REQUIRE(report.minutes.size() == 60);
    REQUIRE(report.hours.size() == 48);
    for (std::size_t i = 0; i < 60; ++i) CHECK(report.minutes[59 - i][3] == (i == minute ? 1 : 0));
    for (std::size_t i = 0; i < 48; ++i) CHECK(report.hours[47 - i][3] == (i == hour ? 1 : 0));
  }
}

TEST_CASE("a minute of an hour ago isn't taken for this one") {
  Recent recent;
  for (auto time = noon; time < noon + 24h; time += 10s) recent.relayed(time);
  auto report = recent.report(noon + 24h - 1s);
  CHECK(sum(report.minutes, Event::relayed) == 360);
  CHECK(sum(report.hours, Event::relayed) == 24 * 360);
  report = recent.report(noon + 24h + 30min - 1s);  // and nothing since
  CHECK(sum(report.minutes, Event::relayed) == 180);
  recent.relayed(noon + 40h);
  CHECK(sum(recent.report(noon + 40h).minutes, Event::relayed) == 1);
}

TEST_CASE("each event is counted as itself, and what is undecided not at all") {
  Recent recent;
  for (const auto event : {Event::put_off, Event::passed, Event::passed, Event::refused})
    recent.decided({.time = noon, .became = event}, "");
  recent.decided({.time = noon, .verdict = "at_data"}, "");
  recent.relayed(noon);
  const auto report = recent.report(noon);
  CHECK(report.minutes.back() == Tally{1, 2, 1, 1});
  CHECK(report.hours.back() == Tally{1, 2, 1, 1});
  CHECK(report.decisions.size() == 5);
}

TEST_CASE("a clock that is set back") {
  Recent recent;
  recent.relayed(noon);
  recent.relayed(noon - 10min);
  CHECK(sum(recent.report(noon).minutes, Event::relayed) == 2);
  CHECK(sum(recent.report(noon - 10min).minutes, Event::relayed) == 1);
  recent.relayed(noon - 30 * 24h);
  const auto report = recent.report(noon - 30 * 24h);
  CHECK(sum(report.minutes, Event::relayed) == 1);
  CHECK(sum(report.hours, Event::relayed) == 1);
}

TEST_CASE("the latest fifty decisions, the newest first") {
  Recent recent;
  for (int i = 0; i < 60; ++i) recent.decided(put_off(noon + i * 1s), "");
  const auto decisions = recent.report(noon + 1h).decisions;
  REQUIRE(decisions.size() == 50);
  CHECK(decisions.front().time == noon + 59s);
  CHECK(decisions.back().time == noon + 10s);
}

TEST_CASE("long texts are cut, between characters") {
  const std::string dots(300, '.'), umlauts = std::string(199, 'x') + "\u00FC" + dots;
  Recent recent;
  recent.decided({.time = noon, .became = Event::put_off, .client = "192.0.2.1", .sender = dots, .recipient = umlauts},
                 umlauts);
  const auto report = recent.report(noon);
  CHECK(report.decisions[0].sender == std::string(200, '.') + "\u2026");
  CHECK(report.decisions[0].recipient == std::string(199, 'x') + "\u2026");
  CHECK(report.senders[0].who == std::string(199, 'x'));
}

TEST_CASE("who is put off most") {
  Recent recent;
  for (int i = 0; i < 3; ++i) recent.decided(put_off(noon, "192.0.2.1"), "alice@example.com");
  recent.decided(put_off(noon, "192.0.2.2"), "alice@example.com");
  for (int i = 0; i < 12; ++i) recent.decided(put_off(noon, "192.0.2.3"), "n" + std::to_string(i));
  recent.decided({.time = noon, .became = Event::passed, .client = "192.0.2.4"}, "");
  const auto report = recent.report(noon);
  REQUIRE(report.clients.size() == 3);
  CHECK(report.clients[0].who == "192.0.2.3");
  CHECK(report.clients[0].times == 12);
  CHECK(report.clients[1].times == 3);
  CHECK(report.clients[2].times == 1);
  REQUIRE(report.senders.size() == 10);
  CHECK(report.senders[0].who == "alice@example.com");
  CHECK(report.senders[0].times == 4);
  CHECK(report.since == noon);
}

TEST_CASE("who is put off most, is so lately") {
  struct Row {
    const char* why;
    std::chrono::hours passed;
    std::uint64_t times;
    std::chrono::hours since;
  };
  for (const auto& [why, passed, times, since] : {
           Row{"within one generation", 11h, 2, 0h},
           Row{"the one before counts, too", 13h, 2, 0h},
           Row{"but no longer than a day", 25h, 1, 25h},
       }) {
    CAPTURE(why);
    Recent recent;
    recent.decided(put_off(noon), "");
    recent.decided(put_off(noon + passed), "");
    const auto report = recent.report(noon + passed);
    REQUIRE(report.clients.size() == 1);
    CHECK(report.clients[0].times == times);
    CHECK(report.since == noon + since);
  }
  Recent recent;
  recent.decided(put_off(noon), "");
  CHECK(recent.report(noon + 24h).clients.size() == 1);
  CHECK(recent.report(noon + 25h).clients.empty());
}

TEST_CASE("of ever so many, those who come often are found, and never said to come more often than they do") {
  TopList list(100);
  for (int i = 0; i < 50'000; ++i) {
    list.add("once-" + std::to_string(i));
    if (i % 20 == 0) list.add("often");
    if (i % 30 == 0) list.add("less often");
  }
  CHECK(list.rows().size() == 100);
  std::uint64_t often = 0, less_often = 0;
  for (const auto& row : list.rows()) {
    if (row.who == "often") often = row.times;
    if (row.who == "less often") less_often = row.times;
    if (row.who.starts_with("once")) CHECK(row.times == 1);
  }
  CHECK(often <= 2'500);
  CHECK(often > 2'500 - 50'000 / 100 - 50);
  CHECK(less_often <= 1'667);
  CHECK(less_often > 1'667 - 50'000 / 100 - 50);
}

TEST_CASE("with places for all the counts are exact") {
  TopList list(3);
  for (const auto* who : {"a", "b", "a", "c", "a", "b"}) list.add(who);
  for (const auto& [who, times] : list.rows()) CHECK(times == (who == "a" ? 3 : who == "b" ? 2 : 1));
}

}  // namespace
}  // namespace proxy

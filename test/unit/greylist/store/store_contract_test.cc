// What every store owes its callers, asked of each engine.
#include <doctest/doctest.h>
#include <asio/detached.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>

#include "greylist/store/memory_store.h"
#include "greylist/store/redis_store.h"
#include "test/unit/greylist/store/fixture.h"
#include "test/unit/greylist/store/redis/redis_server.h"

using namespace greylist;
using namespace greylist::test;
using namespace std::chrono_literals;

namespace {

// Each store has keys of its own in servers that all share.
void with_redis(const RedisServers& servers, const std::function<void(Store&)>& check) {
  static int number = 0;
  std::mutex mutex;
  std::string warnings;
  const auto store = open_redis_store({.nodes = {servers.addresses().front()},
                                       .cluster = servers.addresses().size() > 1,
                                       .prefix = "test*" + std::to_string(++number) + ":",
                                       .timeout = 20s,  // sanitizers are slow
                                       .host = "mx1",
                                       .limits = limits,
                                       .dial = plain_dial(),
                                       .warn = [&](std::string_view text) {
                                         const std::lock_guard lock(mutex);
                                         warnings += text;
                                       }});
  check(*store);
  const std::lock_guard lock(mutex);
  CHECK(warnings == "");
  CHECK(store->status().errors == 0);
}

void with_each_engine(const std::function<void(Store&)>& check) {
  SUBCASE("memory") { check(*make_memory_store()); }
  SUBCASE("rocksdb") {
    const TempDir dir;
    Rocks rocks(dir.path() / "greylist");
    const auto store = rocks.open();
    check(*store);
    CHECK(rocks.warnings() == "");
    CHECK(store->status().errors == 0);
  }
  SUBCASE("redis") {
    static const RedisServers one;
    with_redis(one, check);
  }
  SUBCASE("redis cluster") {
    static const RedisServers three(3);
    with_redis(three, check);
  }
}

Verdict attempt(Store& store, Question asked, Time now, const Limits& under = limits,
                const AutoAllow& rule = no_auto_allow) {
  const auto judgement = run(store.attempt(std::move(asked), now, under, rule));
  REQUIRE(judgement);
  return judgement->verdict;
}

std::optional<Record> find(Store& store, int n) {
  const auto record = run(store.find(triplet(n)));
  REQUIRE(record);
  return *record;
}

void pass(Store& store, int n, Time now, const std::string& earner = "") {
  attempt(store, question(n, earner), now - limits.delay);
  CHECK(attempt(store, question(n, earner), now) == Verdict::retried);
}

void deliver(Store& store, std::vector<Triplet> triplets, Time now, const AutoAllow& rule) {
  REQUIRE(run(store.delivered({std::move(triplets), {"192.0.2.7"}}, now, limits, rule)));
}

// Asked about a client of these identities, the best first.
Question by(const std::vector<Identity>& identities, const std::string& sender = "alice@example.com") {
  Question asked{{identities.front().name, sender, "bob@example.org"}, identities.front().earner, "192.0.2.7"};
  asked.also.assign(identities.begin() + 1, identities.end());
  return asked;
}

// Of all pages.
std::vector<Entry> entries(Store& store, const EntryFilter& wanted) {
  std::vector<Entry> all;
  std::string from;
  do {
    auto page = run(store.scan(from, wanted));
    REQUIRE(page);
    std::ranges::move(page->entries, std::back_inserter(all));
    from = page->next;
  } while (!from.empty());
  return all;
}

std::vector<Earner> earners(Store& store) {
  std::vector<Earner> all;
  std::string from;
  do {
    auto page = run(store.scan_earners(from));
    REQUIRE(page);
    std::ranges::move(page->earners, std::back_inserter(all));
    from = page->next;
  } while (!from.empty());
  return all;
}

bool is_let_through(Store& store, Time now, const AutoAllow& rule) {
  return attempt(store, question(9999, "192.0.2.7"), now, limits, rule) == Verdict::auto_allowed;
}

}  // namespace

TEST_CASE("a triplet waits, passes and is known") {
  with_each_engine([](Store& store) {
    CHECK(find(store, 1) == std::nullopt);
    CHECK(attempt(store, question(1), start) == Verdict::first_seen);
    CHECK(attempt(store, question(1), start + 1min) == Verdict::too_early);
    CHECK(attempt(store, question(2), start + 1min) == Verdict::first_seen);
    CHECK(attempt(store, question(1), start + 5min) == Verdict::retried);
    CHECK(attempt(store, question(1), start + 6min) == Verdict::known);
    const Record expected{
        .first_seen = start, .passed = start + 5min, .last_seen = start + 6min, .last_client = "192.0.2.7"};
    CHECK(find(store, 1) == expected);
    CHECK(store.status().ok);
    // A server is asked for it from time to time.
    if (store.status().engine != "redis") CHECK(store.status().entries_estimate >= 2);
  });
}

TEST_CASE("each part of the triplet tells entries apart, and the null sender is one of them") {
  with_each_engine([](Store& store) {
    const Triplet base{"192.0.2.0/24", "a@example.com", "b@example.org"};
    for (const auto& other :
         {base, Triplet{"192.0.3.0/24", base.sender, base.recipient}, Triplet{base.identity, "", base.recipient},
          Triplet{base.identity, base.sender, "c@example.org"},
          Triplet{base.identity, "\"a\tb\"@example.com", base.recipient},
          Triplet{base.identity, "\"a%09b\"@example.com", base.recipient}}) {
      CAPTURE(other.sender);
      CHECK(attempt(store, {other, "", ""}, start) == Verdict::first_seen);
      CHECK(attempt(store, {other, "", ""}, start) == Verdict::too_early);
    }
  });
}

TEST_CASE("what has expired begins anew") {
  with_each_engine([](Store& store) {
    attempt(store, question(1), start);
    const auto late = start + limits.retry_window + 1ms;
    CHECK(attempt(store, question(1), late) == Verdict::first_seen);
    CHECK(find(store, 1)->first_seen == late);

    pass(store, 2, start);
    CHECK(attempt(store, question(2), start + limits.lifetime) == Verdict::known);
    CHECK(attempt(store, question(2), start + 2 * limits.lifetime) == Verdict::known);
    CHECK(attempt(store, question(2), start + 3 * limits.lifetime + 1ms) == Verdict::first_seen);
  });
}

TEST_CASE("use keeps an entry alive, however short its lifetime") {
  with_each_engine([](Store& store) {
    const Limits brief{.delay = 0s, .retry_window = 1s, .lifetime = 2s};
    CHECK(attempt(store, question(1), start, brief) == Verdict::first_seen);
    CHECK(attempt(store, question(1), start, brief) == Verdict::retried);
    for (auto now = start; now < start + 20s; now += 1900ms) {
      CHECK(attempt(store, question(1), now, brief) == Verdict::known);
    }
    CHECK(attempt(store, question(1), start + 30s, brief) == Verdict::first_seen);
  });
}

TEST_CASE("the record tells the latest client and, to a second, the latest use") {
  with_each_engine([](Store& store) {
    pass(store, 1, start);
    attempt(store, question(1), start + 900ms);
    CHECK(start + 900ms - find(store, 1)->last_seen < 1s);
    attempt(store, question(1), start + 10s);
    CHECK(find(store, 1)->last_seen == start + 10s);
    attempt(store, {triplet(1), "", "192.0.2.200"}, start + 10s);
    CHECK(find(store, 1)->last_client == "192.0.2.200");
  });
}

TEST_CASE("a client that earned its way is let through and recorded no more") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 2, .interval = 1h};
    pass(store, 1, start, "192.0.2.7");
    pass(store, 2, start, "192.0.2.7");
    CHECK_FALSE(is_let_through(store, start, rule));

    deliver(store, {triplet(1), triplet(2)}, start, rule);  // one an interval: the second is left for later
    CHECK(find(store, 1)->credited);
    CHECK_FALSE(find(store, 2)->credited);
    deliver(store, {triplet(1)}, start + 2h, rule);  // counts once
    CHECK_FALSE(is_let_through(store, start + 2h, rule));
    deliver(store, {triplet(2)}, start + 2h, rule);
    CHECK(find(store, 2)->credited);
    CHECK(is_let_through(store, start + 2h, rule));

    CHECK(attempt(store, question(3, "192.0.2.7"), start + 2h, limits, rule) == Verdict::auto_allowed);
    CHECK(find(store, 3) == std::nullopt);
    CHECK(attempt(store, question(3), start + 2h, limits, rule) == Verdict::first_seen);
    CHECK(attempt(store, question(4, "192.0.2.8"), start + 2h, limits, rule) == Verdict::first_seen);
    CHECK(attempt(store, question(5, "192.0.2.7"), start + 2h, limits, no_auto_allow) == Verdict::first_seen);
    CHECK(attempt(store, question(6, "192.0.2.7"), start + 2h, limits, {.after = 3}) == Verdict::first_seen);
  });
}

TEST_CASE("only what passed and is alive counts, each triplet once, and no bounces") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 1, .interval = 0s};
    attempt(store, question(1), start);
    deliver(store, {triplet(1), triplet(7)}, start, rule);
    CHECK_FALSE(is_let_through(store, start, rule));

    Question bounce = question(2);
    bounce.triplet.sender = "";
    attempt(store, bounce, start);
    attempt(store, bounce, start + 5min);
    deliver(store, {bounce.triplet}, start + 5min, rule);
    CHECK_FALSE(is_let_through(store, start + 5min, rule));

    pass(store, 3, start);
    const AutoAllow two{.after = 2, .interval = 0s};
    deliver(store, {triplet(3), triplet(3)}, start, two);
    CHECK_FALSE(is_let_through(store, start, two));
    pass(store, 4, start);
    pass(store, 5, start);
    deliver(store, {triplet(4), triplet(5)}, start, two);
    CHECK(is_let_through(store, start, {.after = 3}));
    CHECK_FALSE(is_let_through(store, start, {.after = 4}));
  });
}

TEST_CASE("what was earned lapses when unused, lives on when used, and can be taken back") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 1, .interval = 1h};
    const auto earn = [&](int n, Time now) {
      pass(store, n, now);
      deliver(store, {triplet(n)}, now, rule);
    };
    earn(1, start);
    CHECK(is_let_through(store, start + limits.lifetime, rule));
    CHECK(is_let_through(store, start + 2 * limits.lifetime, rule));
    CHECK_FALSE(is_let_through(store, start + 3 * limits.lifetime + 1ms, rule));

    earn(2, start + 4 * limits.lifetime);
    CHECK(is_let_through(store, start + 4 * limits.lifetime, rule));
    REQUIRE(run(store.forget_credit("192.0.2.7")));
    CHECK_FALSE(is_let_through(store, start + 4 * limits.lifetime, rule));
    CHECK(run(store.forget_credit("192.0.2.99")));
  });
}

TEST_CASE("nothing is earned while auto-allow is off or nobody earns") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 1, .interval = 0s};
    pass(store, 1, start);
    deliver(store, {triplet(1)}, start, no_auto_allow);
    REQUIRE(run(store.delivered({{triplet(1)}, {}}, start, limits, rule)));
    CHECK_FALSE(find(store, 1)->credited);
    CHECK_FALSE(is_let_through(store, start, rule));
  });
}

TEST_CASE("a first attempt counts under every identity that was proved, whichever proves it later") {
  with_each_engine([](Store& store) {
    const Identity first_network{"192.0.2.0/24", ""}, other_network{"198.51.100.0/24", ""};
    const Identity by_spf{"spf:example.com", ""}, by_name{"rdns:example.com", ""};
    for (const auto& retry : std::vector<std::vector<Identity>>{
             {first_network}, {by_spf, other_network}, {by_name, other_network}, {by_spf, by_name, first_network}}) {
      CAPTURE(retry.front().name);
      CAPTURE(retry.size());
      const auto sender = retry.front().name + std::to_string(retry.size()) + "@example.com";
      CHECK(attempt(store, by({by_spf, by_name, first_network}, sender), start) == Verdict::first_seen);
      CHECK(attempt(store, by(retry, sender), start + 1min) == Verdict::too_early);
      CHECK(attempt(store, by({other_network}, "another" + sender), start + 5min) == Verdict::first_seen);
      CHECK(attempt(store, by(retry, sender), start + 5min) == Verdict::retried);
      CHECK(attempt(store, by(retry, sender), start + 6min) == Verdict::known);
    }
    CHECK(attempt(store, by({other_network}, "stranger@example.com"), start) == Verdict::first_seen);
  });
}

TEST_CASE("an early retry that proves more is remembered under that, too, and as old as the first attempt") {
  with_each_engine([](Store& store) {
    const Identity network{"192.0.2.0/24", ""}, other_network{"198.51.100.0/24", ""}, by_spf{"spf:example.com", ""};
    CHECK(attempt(store, by({network}), start) == Verdict::first_seen);
    CHECK(attempt(store, by({by_spf, network}), start + 1min) == Verdict::too_early);
    CHECK(attempt(store, by({by_spf, other_network}), start + 5min) == Verdict::retried);
  });
}

TEST_CASE("what passes is remembered under the best identity, with what was known under the others") {
  with_each_engine([](Store& store) {
    const Identity network{"192.0.2.0/24", ""}, by_spf{"spf:example.com", ""};
    const auto record = [&](const Identity& identity) { return run(store.find(by({identity}).triplet)).value(); };
    CHECK(attempt(store, by({network}), start) == Verdict::first_seen);
    CHECK(attempt(store, by({network}), start + 5min) == Verdict::retried);  // before anything better was proved
    CHECK(attempt(store, by({by_spf, network}), start + 1h) == Verdict::known);
    const Record expected{
        .first_seen = start, .passed = start + 5min, .last_seen = start + 1h, .last_client = "192.0.2.7"};
    CHECK(record(by_spf) == expected);
    CHECK(record(network)->last_seen == start + 5min);

    const Identity elsewhere{"198.51.100.0/24", ""};
    CHECK(attempt(store, by({by_spf, elsewhere}), start + 2h) == Verdict::known);
    CHECK(record(elsewhere) == std::nullopt);
  });
}

TEST_CASE("only known: nothing is written down but the use of what has passed") {
  with_each_engine([](Store& store) {
    auto asked = question(1);
    asked.only_known = true;
    CHECK(attempt(store, asked, start) == Verdict::first_seen);
    CHECK(find(store, 1) == std::nullopt);
    attempt(store, question(1), start);
    CHECK(attempt(store, asked, start + 1min) == Verdict::too_early);
    CHECK(find(store, 1)->last_seen == start);
    CHECK(attempt(store, asked, start + 5min) == Verdict::retried);
    CHECK_FALSE(find(store, 1)->passed);
    attempt(store, question(1), start + 5min);
    CHECK(attempt(store, asked, start + 6min) == Verdict::known);
    CHECK(find(store, 1)->last_seen == start + 6min);
  });
}

TEST_CASE("nothing new: a first attempt leaves no trace, what is there already goes on") {
  with_each_engine([](Store& store) {
    const auto full = [](int n) {
      auto asked = question(n);
      asked.nothing_new = true;
      return asked;
    };
    CHECK(attempt(store, full(1), start) == Verdict::first_seen);
    CHECK(find(store, 1) == std::nullopt);
    attempt(store, question(2), start);
    CHECK(attempt(store, full(2), start + 1min) == Verdict::too_early);
    CHECK(find(store, 2)->last_seen == start + 1min);
    CHECK(attempt(store, full(2), start + 5min) == Verdict::retried);
    CHECK(find(store, 2)->passed);
    CHECK(attempt(store, full(2), start + 6min) == Verdict::known);
    auto looked_at = full(3);
    looked_at.only_known = true;
    CHECK(attempt(store, looked_at, start) == Verdict::first_seen);
    CHECK(find(store, 3) == std::nullopt);
  });
}

TEST_CASE("any identity of a client that has earned its way lets it through") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 1, .interval = 0s};
    const Identity network{"192.0.2.0/24", "192.0.2.7"}, by_spf{"spf:example.com", "spf:example.com"};
    const Identity elsewhere{"198.51.100.0/24", "198.51.100.7"};
    attempt(store, by({by_spf, network}), start);
    CHECK(attempt(store, by({by_spf, network}), start + 5min) == Verdict::retried);
    REQUIRE(run(store.delivered({{by({by_spf}).triplet}, {"spf:example.com"}}, start + 5min, limits, rule)));
    const auto verdict = [&](const std::vector<Identity>& identities) {
      return attempt(store, by(identities, "new@example.com"), start + 6min, limits, rule);
    };
    CHECK(verdict({by_spf, elsewhere}) == Verdict::auto_allowed);
    CHECK(verdict({{"rdns:example.net", ""}, by_spf, elsewhere}) == Verdict::auto_allowed);
    CHECK(verdict({network}) == Verdict::first_seen);
  });
}

TEST_CASE("a passed triplet is credited once, to all who proved themselves") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 2, .interval = 1h};
    const auto credits = [&](const std::string& earner) {
      const auto credit = run(store.find_credit(earner)).value();
      return credit ? credit->count : 0;
    };
    pass(store, 1, start);
    pass(store, 2, start);
    const auto credit = [&](int n, std::vector<std::string> earners, Time now) {
      REQUIRE(run(store.delivered({{triplet(n)}, std::move(earners)}, now, limits, rule)));
    };
    credit(1, {"spf:example.com", "192.0.2.7"}, start);
    credit(1, {"spf:example.com", "192.0.2.8"}, start + 2h);
    CHECK(credits("spf:example.com") == 1);
    CHECK(credits("192.0.2.7") == 1);
    CHECK(credits("192.0.2.8") == 0);
    credit(2, {"spf:example.net", "192.0.2.7"}, start + 30min);  // too soon for the address alone
    CHECK(credits("spf:example.net") == 1);
    CHECK(credits("192.0.2.7") == 1);
    CHECK(find(store, 2)->credited);
  });
}

TEST_CASE("two loops that bring the same new triplet at once: one is first, the other too early") {
  with_each_engine([](Store& store) {
    constexpr int rounds = 300;
    std::array<std::array<Verdict, rounds>, 2> seen{};
    const auto play = [&store](std::array<Verdict, rounds>& verdicts) -> asio::awaitable<void> {
      for (int n = 0; n < rounds; ++n) {
        const auto judgement = co_await store.attempt(question(n, "192.0.2.7"), start, limits, AutoAllow{});
        verdicts[n] = judgement ? judgement->verdict : Verdict::store_failure;
      }
    };
    {
      std::jthread other([&] { run(play(seen[1])); });
      run(play(seen[0]));
    }
    for (int n = 0; n < rounds; ++n) {
      CAPTURE(n);
      const auto firsts = std::ranges::count(std::array{seen[0][n], seen[1][n]}, Verdict::first_seen);
      const auto early = std::ranges::count(std::array{seen[0][n], seen[1][n]}, Verdict::too_early);
      CHECK(firsts == 1);
      CHECK(early == 1);
    }
  });
}

TEST_CASE("deliveries from two loops at once lose no credit") {
  with_each_engine([](Store& store) {
    constexpr int each = 50;
    const AutoAllow rule{.after = 2 * each, .interval = 0s};
    const auto play = [&](int from) -> asio::awaitable<void> {
      for (int n = from; n < from + each; ++n) {
        co_await store.attempt(question(n), start - 5min, limits, rule);
        co_await store.attempt(question(n), start, limits, rule);
        Delivery delivery{{triplet(n)}, {"192.0.2.7"}};
        co_await store.delivered(std::move(delivery), start, limits, rule);
      }
    };
    {
      std::jthread other([&] { run(play(each)); });
      run(play(0));
    }
    CHECK(is_let_through(store, start, rule));
  });
}

TEST_CASE("an answer that is in memory comes without suspending") {
  with_each_engine([](Store& store) {
    if (store.status().engine == "redis") return;  // nothing is in our memory
    attempt(store, question(1), start);
    asio::io_context loop{1};
    bool answered = false;
    auto ask = [&]() -> asio::awaitable<void> {
      co_await store.attempt(question(1), start, limits, no_auto_allow);
      co_await store.attempt(question(2), start, limits, no_auto_allow);
      co_await store.find(triplet(2));
      answered = true;
    };
    asio::co_spawn(loop, ask(), asio::detached);
    loop.poll_one();  // the coroutine's first turn
    CHECK(answered);
    loop.run();
  });
}

TEST_CASE("every entry is seen once, whatever the size of a page") {
  with_each_engine([](Store& store) {
    constexpr int count = 4500;
    for (int n = 0; n < count; ++n) attempt(store, question(n), start);
    std::vector<std::string> senders;
    std::string from;
    int pages = 0;
    do {
      const auto page = run(store.scan(from, [](const Triplet&, const Record&) { return true; }));
      REQUIRE(page);
      for (const auto& [triplet, record] : page->entries) {
        senders.push_back(triplet.sender);
        CHECK(record.first_seen == start);
      }
      from = page->next;
      ++pages;
    } while (!from.empty());
    CHECK(pages > 1);
    std::ranges::sort(senders);
    CHECK(std::ranges::adjacent_find(senders) == senders.end());
    CHECK(senders.size() == count);
  });
}

TEST_CASE("of the entries those that are wanted are seen") {
  with_each_engine([](Store& store) {
    for (int n = 0; n < 10; ++n) attempt(store, question(n), start);
    pass(store, 3, start + 5min);
    const auto passed = entries(store, [](const Triplet&, const Record& record) { return record.passed.has_value(); });
    REQUIRE(passed.size() == 1);
    CHECK(passed[0].triplet == triplet(3));
  });
}

TEST_CASE("what is forgotten begins anew") {
  with_each_engine([](Store& store) {
    pass(store, 1, start);
    const EntryFilter waiting = [](const Triplet&, const Record& record) { return !record.passed; };
    const EntryFilter any = [](const Triplet&, const Record&) { return true; };
    CHECK_FALSE(*run(store.forget(triplet(1), waiting)));
    CHECK(*run(store.forget(triplet(1), any)));
    CHECK_FALSE(*run(store.forget(triplet(1), any)));
    CHECK(find(store, 1) == std::nullopt);
    CHECK(attempt(store, question(1), start) == Verdict::first_seen);
  });
}

TEST_CASE("what another greylist knows is taken over, and merged with what is known") {
  with_each_engine([](Store& store) {
    attempt(store, question(1), start);
    const Record other{
        .first_seen = start - 1h, .passed = start - 30min, .last_seen = start - 10min, .last_client = "x"};
    REQUIRE(run(store.take_over({{triplet(1), other}, {triplet(2), other}}, start, limits)));
    CHECK(find(store, 2) == other);
    CHECK(find(store, 1) ==
          Record{.first_seen = start - 1h, .passed = start - 30min, .last_seen = start, .last_client = "192.0.2.7"});
    CHECK(attempt(store, question(1), start) == Verdict::known);
  });
}

TEST_CASE("what clients have earned elsewhere is taken over, if it is more") {
  with_each_engine([](Store& store) {
    const AutoAllow rule{.after = 5};
    REQUIRE(run(store.take_over_earners({{"192.0.2.7", {5, start, start}}}, start, limits)));
    CHECK(is_let_through(store, start, rule));
    REQUIRE(run(store.take_over_earners({{"192.0.2.7", {1, start, start}}}, start, limits)));
    CHECK(run(store.find_credit("192.0.2.7")).value() == Credit{5, start, start});
    CHECK(run(store.find_credit("192.0.2.8")).value() == std::nullopt);
    const auto all = earners(store);
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "192.0.2.7");
  });
}

TEST_CASE("run-time entries are kept, replaced and removed by their conditions") {
  with_each_engine([](Store& store) {
    using List = RunTimeEntry::List;
    const RunTimeEntry allow{.list = List::allow,
                             .client = "192.0.2.0/24",
                             .sender = "a\t%@example.com",
                             .lapses = start + 1h,
                             .note = "until the move is over",
                             .made = start};
    auto block = allow;
    block.list = List::block;
    block.lapses.reset();
    REQUIRE(run(store.add({allow, block})));
    auto renewed = allow;
    renewed.note = "\xff\n";
    REQUIRE(run(store.add({renewed})));
    const auto entries = run(store.run_time_entries());
    REQUIRE(entries);
    CHECK(*entries == std::vector<RunTimeEntry>{renewed, block});
    CHECK(*run(store.remove(allow)));
    CHECK_FALSE(*run(store.remove(allow)));
    CHECK(run(store.run_time_entries()).value() == std::vector<RunTimeEntry>{block});
  });
}

TEST_CASE("reputations are kept until they are to be forgotten") {
  with_each_engine([](Store& store) {
    const Reputation good{.retries = 3.5, .as_of = start, .passed = start};
    const Reputation bad{.trap_hits = 1, .pending = {1, 2}, .as_of = start, .trapped = start + 1s};
    REQUIRE(run(store.keep({{"spf:example.org", bad}, {"192.0.2.0/24", bad}})));
    REQUIRE(run(store.keep({{"spf:example.org", good}, {"nobody", std::nullopt}})));
    auto all = run(store.reputations()).value();
    std::ranges::sort(all, {}, &ReputationChange::identity);
    REQUIRE(all.size() == 2);
    CHECK(all[0].identity == "192.0.2.0/24");
    CHECK(all[0].reputation == bad);
    CHECK(all[1].identity == "spf:example.org");
    CHECK(all[1].reputation == good);
    REQUIRE(run(store.keep({{"192.0.2.0/24", std::nullopt}})));
    CHECK(run(store.reputations()).value().size() == 1);
  });
}

TEST_CASE("the history tells the latest of a recipient, the newest first") {
  with_each_engine([](Store& store) {
    const auto event = [](std::string recipient, Time time, std::string what) {
      return HistoryEvent{.time = time,
                          .recipient = std::move(recipient),
                          .sender = "a@example.com",
                          .identity = "192.0.2.0/24",
                          .client = "192.0.2.7",
                          .helo = "mail\t.example.com",
                          .what = std::move(what),
                          .reply = "450 4.2.0 \xff"};
    };
    store.note(event("bob@example.org", start, "first_seen"));
    store.note(event("bob@example.org", start + 6min, "retried"));
    store.note(event("bob@example.org", start + 6min, "relayed"));
    store.note(event("bob@example.or", start, "first_seen"));
    store.note(event("bob@example.org2", start, "first_seen"));
    const auto all = run(store.history("bob@example.org", 10));
    REQUIRE(all);
    REQUIRE(all->size() == 3);
    CHECK((*all)[0] == event("bob@example.org", start + 6min, "relayed"));
    CHECK((*all)[1].what == "retried");
    CHECK((*all)[2].what == "first_seen");
    CHECK(run(store.history("bob@example.org", 1)).value().size() == 1);
    CHECK(run(store.history("nobody@example.org", 1)).value().empty());
  });
}

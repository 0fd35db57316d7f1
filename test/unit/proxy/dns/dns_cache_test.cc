#include "proxy/dns/dns_cache.h"

#include <doctest/doctest.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using Outcome = DnsAnswer::Outcome;

constexpr DnsCache::Time start{};

DnsAnswer text(const char* what, std::chrono::seconds lifetime) {
  return {.outcome = Outcome::found, .error = {}, .texts = {what}, .lifetime = lifetime};
}

TEST_CASE("an answer is remembered for as long as it said") {
  struct Row {
    const char* why;
    DnsAnswer answer;
    std::chrono::milliseconds known_until;
  };
  for (const auto& [why, answer, known_until] : {
           Row{"its time to live", text("x", 90s), 90s},
           Row{"none, but those who ask at once share it", text("x", 0s), 1s},
           Row{"a week: changes are to be seen within the hour", text("x", 7 * 24h), 1h},
           Row{"absent", {.outcome = Outcome::nothing, .error = "no such name", .lifetime = 60s}, 60s},
           Row{"nobody could say", {}, 5s},
       }) {
    CAPTURE(why);
    DnsCache cache;
    cache.keep({"example.org", DnsType::txt}, answer, start);
    REQUIRE(cache.find({"example.org", DnsType::txt}, start + known_until - 1ms));
    CHECK(cache.find({"example.org", DnsType::txt}, start + known_until - 1ms)->outcome == answer.outcome);
    CHECK(!cache.find({"example.org", DnsType::txt}, start + known_until));
  }
}

TEST_CASE("names are the same in any case; types are not") {
  DnsCache cache;
  cache.keep({"Example.ORG", DnsType::txt}, text("x", 1min), start);
  CHECK(cache.find({"eXample.org", DnsType::txt}, start));
  CHECK(!cache.find({"example.org", DnsType::mx}, start));
}

TEST_CASE("the newer answer counts, and is kept for its own time") {
  DnsCache cache;
  cache.keep({"example.org", DnsType::txt}, text("old", 10s), start);
  cache.keep({"example.org", DnsType::txt}, text("new", 1min), start + 5s);
  REQUIRE(cache.find({"example.org", DnsType::txt}, start + 30s));
  CHECK(cache.find({"example.org", DnsType::txt}, start + 30s)->texts.front() == "new");
  CHECK(cache.size() == 1);
}

TEST_CASE("it is bounded: what lapsed goes, then what lapses first") {
  DnsCache cache(3);
  cache.keep({"a.example", DnsType::a}, text("", 10s), start);
  cache.keep({"b.example", DnsType::a}, text("", 5s), start);
  cache.keep({"c.example", DnsType::a}, text("", 20s), start);
  cache.keep({"d.example", DnsType::a}, text("", 20s), start + 1s);
  CHECK(cache.size() == 3);
  CHECK(!cache.find({"b.example", DnsType::a}, start + 1s));
  CHECK(cache.find({"a.example", DnsType::a}, start + 1s));
  cache.keep({"e.example", DnsType::a}, text("", 20s), start + 1min);
  CHECK(cache.size() == 1);
}

}  // namespace
}  // namespace proxy

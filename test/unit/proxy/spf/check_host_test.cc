#include "proxy/spf/check_host.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <map>
#include <optional>
#include <utility>

namespace proxy {
namespace {

using Outcome = DnsAnswer::Outcome;

// A DNS in memory. What it doesn't have doesn't exist; a text "SERVFAIL" is a question that nobody answers.
struct Zone {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> addresses;
  int questions = 0;

  DnsAnswer answer(const std::string& name, DnsType type) {
    ++questions;
    DnsAnswer answer{.outcome = Outcome::found, .error = {}};
    if (const auto text = texts.find(name); type == DnsType::txt && text != texts.end()) {
      if (text->second == "SERVFAIL") return {};
      answer.texts = {text->second};
      return answer;
    }
    if (const auto address = addresses.find(name); type == DnsType::a && address != addresses.end()) {
      answer.addresses = {asio::ip::make_address(address->second)};
      return answer;
    }
    return {.outcome = Outcome::nothing, .error = "no such name"};
  }

  SpfVerdict judge(const char* client, const char* sender, const char* helo = "mail.example.net") {
    asio::io_context loop;
    std::optional<SpfVerdict> verdict;
    const AskDns ask = [this](std::string name, DnsType type) -> asio::awaitable<DnsAnswer> {
      co_return answer(name, type);
    };
    asio::co_spawn(loop, check_host({*greylist::IpAddress::parse(client), helo, sender}, ask),
                   [&](std::exception_ptr thrown, SpfVerdict given) {
                     CHECK(thrown == nullptr);
                     verdict = std::move(given);
                   });
    loop.run();
    return verdict.value();
  }
};

TEST_CASE("the domain that is asked: the sender's, or for the null sender HELO's, as A-labels in lower case") {
  Zone zone{.texts = {{"example.org", "v=spf1 ip4:192.0.2.0/24 -all"},
                      {"xn--bcher-kva.example", "v=spf1 ip4:192.0.2.0/24 -all"},
                      {"mail.example.net", "v=spf1 ip4:192.0.2.1 -all"}}};
  for (const auto& [sender, domain] : {std::pair{"alice@Example.ORG", "example.org"},
                                       {"alice@b\xc3\xbc"
                                        "cher.example",
                                        "xn--bcher-kva.example"},
                                       {"", "mail.example.net"}}) {
    CAPTURE(sender);
    const auto verdict = zone.judge("192.0.2.1", sender);
    CHECK(verdict.result == SpfResult::pass);
    CHECK(verdict.domain == domain);
    CHECK(zone.judge("198.51.100.1", sender).result == SpfResult::fail);
  }
}

TEST_CASE("the reason says what decided") {
  Zone zone{.texts = {{"example.org", "v=spf1 include:example.net ?all"},
                      {"example.net", "v=spf1 a -all"},
                      {"broken.example", "v=spf1 ip4:192.0.2.300"},
                      {"silent.example", "SERVFAIL"}},
            .addresses = {{"example.net", "192.0.2.1"}}};
  CHECK(zone.judge("192.0.2.1", "a@example.org").reason == "include of example.org");
  CHECK(zone.judge("192.0.2.2", "a@example.org").reason == "all of example.org");
  CHECK(zone.judge("192.0.2.2", "a@broken.example").reason == "broken.example's record has \"ip4:192.0.2.300\"");
  CHECK(zone.judge("192.0.2.2", "a@silent.example").reason == "silent.example: no answer in time");
  CHECK(zone.judge("192.0.2.2", "a@nowhere.example").reason == "nowhere.example has no record");
}

TEST_CASE("a pass by a record that names the world proves nothing") {
  struct Row {
    const char* record;
    bool too_wide;
  };
  for (const auto& [record, too_wide] : {
           Row{"v=spf1 ip4:192.0.2.0/24 -all", false},
           Row{"v=spf1 ip4:192.0.2.0/24 ?all", false},
           Row{"v=spf1 ip4:192.0.0.0/12 -all", false},
           Row{"v=spf1 ip4:192.0.0.0/12 ip4:198.51.100.1 -all", true},
           Row{"v=spf1 ip4:192.0.0.0/11 -all", true},
           Row{"v=spf1 -ip4:10.0.0.0/8 ip4:192.0.2.0/24 -all", false},
           Row{"v=spf1 a/11 ip4:192.0.2.0/24 -all", true},
           Row{"v=spf1 +all", true},
           Row{"v=spf1 ip4:192.0.2.0/24 ptr -all", true},
           Row{"v=spf1 include:wide.example -all", true},
           Row{"v=spf1 include:narrow.example include:wide.example -all", false},
           Row{"v=spf1 include:elsewhere.example ip4:192.0.2.0/24 -all", false},
           Row{"v=spf1 redirect=wide.example", true},
           Row{"v=spf1 ip4:192.0.2.0/24 ip6:2001:db0::/29 -all", false},
           Row{"v=spf1 ip4:192.0.2.0/24 ip6:2001:d00::/28 -all", true},
           Row{"v=spf1 ip4:192.0.2.0/24 a//0 -all", true},
       }) {
    CAPTURE(record);
    Zone zone{.texts = {{"example.org", record},
                        {"wide.example", "v=spf1 ip4:192.0.0.0/8"},
                        {"narrow.example", "v=spf1 ip4:192.0.2.0/24"},
                        {"elsewhere.example", "v=spf1 ip4:10.0.0.0/8 -all"}}};
    const auto verdict = zone.judge("192.0.2.1", "a@example.org");
    CHECK(verdict.result == SpfResult::pass);
    CHECK(verdict.too_wide == too_wide);
  }
}

TEST_CASE("records that include each other end at ten look-ups") {
  Zone zone{.texts = {{"a.example", "v=spf1 include:b.example -all"}, {"b.example", "v=spf1 include:a.example -all"}}};
  CHECK(zone.judge("192.0.2.1", "x@a.example").result == SpfResult::permerror);
  CHECK(zone.questions == 11);
  Zone circle{.texts = {{"a.example", "v=spf1 redirect=b.example"}, {"b.example", "v=spf1 redirect=a.example"}}};
  CHECK(circle.judge("192.0.2.1", "x@a.example").result == SpfResult::permerror);
  CHECK(circle.questions == 11);
}

TEST_CASE("an ip6 block that is IPv4-mapped matches nobody") {
  Zone zone{.texts = {{"example.org", "v=spf1 ip6:::ffff:192.0.2.0/0 ip6:::ffff:192.0.2.1 -all"}}};
  CHECK(zone.judge("192.0.2.1", "a@example.org").result == SpfResult::fail);
  CHECK(zone.judge("2001:db8::1", "a@example.org").result == SpfResult::fail);
}

}  // namespace
}  // namespace proxy

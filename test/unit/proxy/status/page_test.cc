#include "proxy/status/page.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "proxy/status/chart.h"
#include "proxy/status/reason.h"
#include "proxy/status/recent_document.h"

namespace proxy {
namespace {

using namespace std::chrono_literals;
using greylist::Time;

constexpr Time noon{std::chrono::sys_days(std::chrono::November / 22 / 2026) + 12h};
constexpr std::string_view hostile = "<img src=x onerror=alert(1)>\"'&\xff{{state}}";
constexpr std::string_view inert = "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\uFFFD{{state}}";

std::size_t occurrences(std::string_view text, std::string_view of) {
  std::size_t count = 0;
  for (auto at = text.find(of); at != text.npos; at = text.find(of, at + 1)) ++count;
  return count;
}

PageContents contents() {
  Recent recent;
  PageContents contents;
  contents.now = noon;
  contents.recent = recent.report(noon);
  return contents;
}

TEST_CASE("the page of a proxy that has seen nothing is whole") {
  const auto page = page_for_people(contents());
  CHECK(page.code == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.starts_with("<!DOCTYPE html>"));
  CHECK(page.body.ends_with("</html>\n"));
  CHECK_FALSE(page.body.contains("{{"));
  CHECK_FALSE(page.body.contains("http://127"));
}

TEST_CASE("whatever peers say, it is text on the page") {
  auto all = contents();
  const std::string text(hostile);
  Recent recent;
  recent.decided({noon, Event::put_off, text, text, text, text, text, text}, text);
  all.recent = recent.report(noon);
  all.not_ready = all.status.warnings = {text};
  all.status.hostname = text;
  all.status.backends.push_back({.address = text, .last_error = text});
  all.status.tls.certificates.push_back({text, {text}, noon});
  const auto body = page_for_people(all).body;
  CHECK(occurrences(body, "<img") == 0);
  CHECK(occurrences(body, inert) == 2 + 2 + 2 + 2 + 2 + 6);
}

TEST_CASE("the policy lets nothing in but what the page came with") {
  for (const auto& [name, value] : page_for_people(contents()).headers)
    if (name == "Content-Security-Policy") {
      CHECK(value.starts_with("default-src 'none'; script-src 'sha256-"));
      CHECK_FALSE(value.contains("unsafe"));
      CHECK(occurrences(value, "'sha256-") == 2);
    }
  const auto body = page_for_people(contents()).body;
  CHECK(occurrences(body, "<script") == 1);
  CHECK(occurrences(body, "<style") == 1);
}

TEST_CASE("the state is the worst that is known") {
  auto all = contents();
  CHECK(page_for_people(all).body.contains(">running</span>"));
  all.not_ready = {"store: broken"};
  CHECK(page_for_people(all).body.contains(">not ready</span>"));
  CHECK(page_for_people(all).body.contains("<li>Not ready: store: broken</li>"));
  all.status.draining = true;
  CHECK(page_for_people(all).body.contains(">draining</span>"));
}

TEST_CASE("bars are as high as their share of the highest, and never too low to be seen") {
  const std::vector<Tally> tallies{{1}, {0}, {500}, {1000}};
  CHECK(bar_chart(tallies, Event::put_off, "a \"label\"").str() ==
        "<svg role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 40 40\" aria-label=\"a &quot;label&quot;\">"
        "<path d=\"M1 40v-2h8v2zM21 40v-20h8v20zM31 40v-40h8v40z\"/></svg>");
  CHECK(bar_chart({Tally{}}, Event::relayed, "").str().contains("d=\"\""));
}

TEST_CASE("every verdict has its words") {
  for (std::size_t i = 0; i < greylist::verdict_count; ++i)
    CHECK_FALSE(reason(word(static_cast<greylist::Verdict>(i))).empty());
  for (const auto* word : {"relay_denied", "unsafe_recipient", "needs_smtputf8", "at_data"})
    CHECK_FALSE(reason(word).empty());
  CHECK(reason("nonsense").empty());
}

TEST_CASE("what happened lately, as JSON") {
  Recent recent;
  recent.decided(
      {noon + 30s, Event::put_off, "192.0.2.1", "mx", "a@example.com", "b@example.org", "first_seen", "450 \xff"},
      "a@example.com");
  recent.relayed(noon - 1min);
  const auto json = nlohmann::json::parse(recent_document(recent.report(noon + 59s), noon + 59s));
  CHECK(json["minutes"]["end"] == "2026-11-22T12:01:00.000Z");
  CHECK(json["minutes"]["step_seconds"] == 60);
  CHECK(json["minutes"]["put_off"].size() == 60);
  CHECK(json["minutes"]["put_off"][59] == 1);
  CHECK(json["minutes"]["relayed"][58] == 1);
  CHECK(json["hours"]["end"] == "2026-11-22T13:00:00.000Z");
  CHECK(json["hours"]["relayed"][46] == 1);
  CHECK(json["hours"]["passed"].size() == 48);
  CHECK(json["put_off"]["since"] == "2026-11-22T12:00:30.000Z");
  CHECK(json["put_off"]["clients"] == nlohmann::json::parse(R"([{"client": "192.0.2.1", "times": 1}])"));
  CHECK(json["put_off"]["senders"] == nlohmann::json::parse(R"([{"sender": "a@example.com", "times": 1}])"));
  CHECK(json["decisions"].dump() ==
        nlohmann::json::parse(R"([{"time": "2026-11-22T12:00:30.000Z", "client": "192.0.2.1", "helo": "mx",
          "sender": "a@example.com", "recipient": "b@example.org", "verdict": "first_seen", "reply": "450 �"}])")
            .dump());
}

}  // namespace
}  // namespace proxy

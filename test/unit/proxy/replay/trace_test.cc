#include "proxy/replay/trace.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy/rfc3339.h"

using proxy::parse_traced_attempt;

namespace {

std::string line(const std::string& more) {
  return R"({"client":"192.0.2.7","helo":"mail.example.com","sender":"alice@example.com","recipient":"bob@example.org")" +
         more + "}";
}

proxy::TracedAttempt attempt(const std::string& text) {
  const auto parsed = parse_traced_attempt(text);
  REQUIRE_MESSAGE(parsed, parsed.error());
  REQUIRE(*parsed);
  return **parsed;
}

}  // namespace

TEST_CASE("a line of a trace") {
  const auto read = attempt(line(R"(,"time":"2026-11-22T09:00:00Z","spf":"pass","rdns":"Mail.Example.CO.UK")"));
  CHECK(proxy::time_text(read.time) == "2026-11-22T09:00:00.000Z");
  CHECK(read.client.text() == "192.0.2.7");
  CHECK(read.helo == "mail.example.com");
  CHECK(read.sender.text() == "alice@example.com");
  CHECK(read.recipient.text() == "bob@example.org");
  CHECK(read.proof.spf_domain == "example.com");
  CHECK(read.proof.name == "mail.example.co.uk");
  CHECK(read.proof.organisation == "example.co.uk");
}

TEST_CASE("times of both kinds") {
  CHECK(proxy::time_text(attempt(line(R"(,"time":1795338000)")).time) == "2026-11-22T09:00:00.000Z");
  CHECK(proxy::time_text(attempt(line(R"(,"time":1795338000.25)")).time) == "2026-11-22T09:00:00.250Z");
  CHECK(proxy::time_text(attempt(line(R"(,"time":"2026-11-22T10:00:00.5+01:00")")).time) == "2026-11-22T09:00:00.500Z");
}

TEST_CASE("what SPF says is taken for what it proves") {
  struct Row {
    const char *why, *more, *domain;
  };
  for (const auto& [why, more, domain] : {
           Row{"not known", "", ""},
           Row{"a pass", R"(,"spf":"pass")", "example.com"},
           Row{"none", R"(,"spf":"none")", ""},
           Row{"a softfail", R"(,"spf":"softfail")", ""},
           Row{"a pass by a record that is too wide", R"(,"spf":"pass","spf_too_wide":"yes")", ""},
           Row{"null", R"(,"spf":null)", ""},
       }) {
    CAPTURE(why);
    CHECK(attempt(line(std::string(R"(,"time":1)") + more)).proof.spf_domain == domain);
  }
  const auto bounce = attempt(
      R"({"time":1,"client":"::1","helo":"MX.Example.Net","sender":"","recipient":"b@example.org","spf":"pass"})");
  CHECK(bounce.sender.null());
  CHECK(bounce.proof.spf_domain == "mx.example.net");
}

TEST_CASE("our own log: decisions about recipients, and nothing else") {
  const std::string decision =
      R"(,"time":"2026-11-22T09:12:56.461Z","level":"info","session":"4ix0","identity":"spf:example.com",)"
      R"("reply":"450 4.2.0 later")";
  CHECK(attempt(line(decision + R"(,"event":"recipient","verdict":"first_seen")")).client.text() == "192.0.2.7");
  for (const char* other : {R"({"event":"message","sender":"a@example.com"})", R"({"event":"ready"})",
                            R"({"event":"recipient","verdict":"at_data"})"}) {
    const auto parsed = parse_traced_attempt(other);
    REQUIRE(parsed);
    CHECK_FALSE(*parsed);
  }
}

TEST_CASE("what is wrong with a line is said by its member") {
  struct Row {
    std::string text, error;
  };
  const std::string time = R"(,"time":1)";
  for (const auto& [text, error] : {
           Row{"", "expected a JSON object"},
           Row{"[]", "expected a JSON object"},
           Row{"{\"time\":", "expected a JSON object"},
           Row{line(""), "time: expected one like \"2026-11-22T10:00:02Z\", or seconds since 1970"},
           Row{line(R"(,"time":"today")"), "time: expected one like \"2026-11-22T10:00:02Z\", or seconds since 1970"},
           Row{line(R"(,"time":-1)"), "time: expected one like \"2026-11-22T10:00:02Z\", or seconds since 1970"},
           Row{line(R"(,"time":1e300)"), "time: expected one like \"2026-11-22T10:00:02Z\", or seconds since 1970"},
           Row{R"({"time":1,"recipient":"b@example.org"})", "client: expected an IP address, got \"\""},
           Row{R"({"time":1,"client":"mail","recipient":"b@example.org"})",
               "client: expected an IP address, got \"mail\""},
           Row{R"({"time":1,"client":7})", "client: expected a text"},
           Row{R"({"time":1,"client":"::1","sender":"a b","recipient":"b@example.org"})",
               "sender: expected an address, got \"a b\""},
           Row{R"({"time":1,"client":"::1"})", "recipient: expected an address"},
           Row{line(time + R"(,"spf":true)"), "spf: expected a text"},
           Row{line(time + R"(,"rdns":[])"), "rdns: expected a text"},
       }) {
    CAPTURE(text);
    const auto parsed = parse_traced_attempt(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == error);
  }
}

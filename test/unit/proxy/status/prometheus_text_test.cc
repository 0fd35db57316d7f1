#include "proxy/status/prometheus_text.h"

#include <doctest/doctest.h>

namespace proxy {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a metric has its help, its type, and a line a sample") {
  PrometheusText text;
  text.counter("mails_total", "Mails.").sample({{"kind", "good"}}, 3).sample({{"kind", "bad"}, {"why", "spam"}}, 4);
  text.gauge("mood", "How it goes.").sample(~0ull);
  CHECK(std::move(text).text() ==
        "# HELP mails_total Mails.\n"
        "# TYPE mails_total counter\n"
        "mails_total{kind=\"good\"} 3\n"
        "mails_total{kind=\"bad\",why=\"spam\"} 4\n"
        "# HELP mood How it goes.\n"
        "# TYPE mood gauge\n"
        "mood 18446744073709551615\n");
}

TEST_CASE("a label's value may hold anything") {
  struct Row {
    const char* why;
    std::string_view value, written;
  };
  for (const auto& [why, value, written] : {
           Row{"nothing", "", ""},
           Row{"a quote", "a\"b", "a\\\"b"},
           Row{"a backslash, as of a path", "a\\b", "a\\\\b"},
           Row{"a line feed", "a\nb", "a\\nb"},
           Row{"what would end the label and begin another metric", "\"} 1\nx 2", "\\\"} 1\\nx 2"},
           Row{"UTF-8", "mx.b\u00FCcher.example", "mx.b\u00FCcher.example"},
           Row{"octets that are no UTF-8", "a\xff\xc3", "a\uFFFD\uFFFD"},
           Row{"a carriage return, which ends no line here", "a\rb", "a\rb"},
       }) {
    CAPTURE(why);
    PrometheusText text;
    text.gauge("x", "X.").sample({{"l", value}}, 1);
    CHECK(std::move(text).text() == "# HELP x X.\n# TYPE x gauge\nx{l=\"" + std::string(written) + "\"} 1\n");
  }
}

constexpr std::array<Histogram::Duration, 3> bounds{100us, 1ms, 48h};

TEST_CASE("durations fall into the range whose upper end they don't exceed") {
  struct Row {
    const char* why;
    Histogram::Duration took;
    std::size_t range;
  };
  for (const auto& [why, took, range] : {
           Row{"no time at all", 0ns, 0},
           Row{"less than none: the clock was set", -5s, 0},
           Row{"at the first end", 100us, 0},
           Row{"just above it", 100us + 1ns, 1},
           Row{"at the last end", 48h, 2},
           Row{"above all", 48h + 1ns, 3},
       }) {
    CAPTURE(why);
    Histogram histogram(bounds);
    histogram.add(took);
    Histogram::Seen seen;
    histogram.add_to(seen);
    for (std::size_t i = 0; i < seen.counts.size(); ++i) CHECK(seen.counts[i] == (i == range ? 1 : 0));
    CHECK(seen.seconds == doctest::Approx(std::max(0.0, std::chrono::duration<double>(took).count())));
  }
}

TEST_CASE("the histograms of several loops are written as one, cumulative and in seconds") {
  Histogram one(bounds), other(bounds);
  one.add(50us);
  one.add(500us);
  other.add(500us);
  other.add(96h);
  Histogram::Seen seen;
  one.add_to(seen);
  other.add_to(seen);
  seen.seconds = 345600.5;
  PrometheusText text;
  text.histogram("wait_seconds", "Waiting.", seen);
  CHECK(std::move(text).text() ==
        "# HELP wait_seconds Waiting.\n"
        "# TYPE wait_seconds histogram\n"
        "wait_seconds_bucket{le=\"0.0001\"} 1\n"
        "wait_seconds_bucket{le=\"0.001\"} 3\n"
        "wait_seconds_bucket{le=\"172800\"} 3\n"
        "wait_seconds_bucket{le=\"+Inf\"} 4\n"
        "wait_seconds_sum 345600.5\n"
        "wait_seconds_count 4\n");
}

}  // namespace
}  // namespace proxy

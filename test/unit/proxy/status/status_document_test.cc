#include "proxy/status/status_document.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace proxy {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

StatusReport busy_report() {
  StatusReport report{
      .version = "1.2.3",
      .hostname = "mx1.example.org",
      .uptime = 12s,
      .not_ready = {"draining"},
      .warnings = {"[::]:25 is skipped"},
      .connections = {.open = 1, .accepted = 2, .refused = 3, .tls = 4},
      .messages = {.relayed = 8, .refused = 9, .unknown = 10, .bytes = 11},
      .backends = {{.address = "127.0.0.1:10025", .up = true, .open = 12, .failures = 13, .pooled = 21, .reused = 22},
                   {.address = "[::1]:25", .last_error = "refused"}},
      .greylist = {.mode = "enforce", .limits = {.delay = 90s, .retry_window = 48h}},
      .store = {.engine = "rocksdb",
                .ok = true,
                .entries_estimate = 14,
                .bytes = 15,
                .errors = 16,
                .problem = "p",
                .stand_in = "s"},
      .tls = {.clients = {{"TLSv1.3 X", 17}},
              .backends = {{"TLSv1.2 Y", 18}},
              .handshakes_failed = 19,
              .certificates = {{"a.crt", {"mx1.example.org"}, std::chrono::sys_days(2027y / 1 / 1)}}}};
  report.put_off_most.clients = {{"192.0.2.1", 20}};
  report.recipients = {.put_off = 5, .passed = 6, .refused = 7};
  for (std::size_t i = 0; i < report.recipients.verdicts.size(); ++i) report.recipients.verdicts[i] = 100 + i;
  return report;
}

TEST_CASE("the status says everything, each under its own name") {
  const auto expected = Json::parse(R"({
    "program": "greygate", "version": "1.2.3", "hostname": "mx1.example.org", "uptime_seconds": 12,
    "state": "running", "ready": false, "not_ready": ["draining"], "warnings": ["[::]:25 is skipped"],
    "connections": {"open": 1, "accepted": 2, "refused": 3, "tls": 4},
    "recipients": {"put_off": 5, "passed": 6, "refused": 7, "verdicts": {
      "first_seen": 100, "too_early": 101, "retried": 102, "known": 103, "auto_allowed": 104,
      "allow_client": 105, "allow_sender": 106, "allow_recipient": 107,
      "block_client": 108, "block_sender": 109, "block_recipient": 110, "store_failure": 111, "off": 112, "rule_allow": 113,
      "rule_block": 114, "rule_put_off": 115, "dns_allow": 116, "trap": 117, "unknown_recipient": 118}},
    "messages": {"relayed": 8, "refused": 9, "unknown": 10, "bytes": 11},
    "backends": [
      {"address": "127.0.0.1:10025", "up": true, "open": 12, "pooled": 21, "reused": 22, "failures": 13, "last_error": ""},
      {"address": "[::1]:25", "up": false, "open": 0, "pooled": 0, "reused": 0, "failures": 0, "last_error": "refused"}],
    "greylist": {"mode": "enforce", "delay": "90s", "retry_window": "2d", "lifetime": "36d"},
    "store": {"engine": "rocksdb", "ok": true, "entries_estimate": 14, "bytes": 15, "errors": 16, "problem": "p", "stand_in": "s"},
    "tls": {"clients": {"TLSv1.3 X": 17}, "backends": {"TLSv1.2 Y": 18}, "handshakes_failed": 19,
      "certificates": [{"certificate": "a.crt", "names": ["mx1.example.org"], "expires": "2027-01-01T00:00:00Z"}]},
    "put_off_most": {"clients": [{"name": "192.0.2.1", "times": 20}], "senders": []}})");
  CHECK(Json::parse(status_document(busy_report())).dump(1) == expected.dump(1));  // in that order, too
}

TEST_CASE("the status of a proxy that has nothing to say yet has all the same keys") {
  const auto empty = Json::parse(status_document({})), busy = Json::parse(status_document(busy_report()));
  for (const auto& [key, value] : busy.items()) CHECK(empty.at(key).type() == value.type());
  CHECK(empty["recipients"]["verdicts"].size() == greylist::verdict_count);
  CHECK(empty["backends"] == Json::array());
  CHECK(empty["warnings"] == Json::array());
}

TEST_CASE("draining") { CHECK(Json::parse(status_document({.draining = true}))["state"] == "draining"); }

TEST_CASE("a backend's words can't spoil the document") {
  StatusReport report;
  report.backends.push_back({.last_error = "550 \xff\"\\\r\n\x01 no"});
  CHECK(Json::parse(status_document(report))["backends"][0]["last_error"] == "550 \xef\xbf\xbd\"\\\r\n\x01 no");
}

TEST_CASE("numbers are whole, up to the largest") {
  CHECK(status_document({.messages = {.bytes = ~0ull}}).contains("\"bytes\": 18446744073709551615"));
}

TEST_CASE("alive and ready") {
  CHECK(health().code == 200);
  CHECK(Json::parse(health().body) == Json{{"alive", true}});
  CHECK(readiness({}).code == 200);
  CHECK(Json::parse(readiness({}).body) == Json{{"ready", true}});
  const auto not_ready = readiness({"store: can't be opened", "draining"});
  CHECK(not_ready.code == 503);
  CHECK(Json::parse(not_ready.body) ==
        Json::parse(R"({"ready": false, "reasons": ["store: can't be opened", "draining"]})"));
}

}  // namespace
}  // namespace proxy

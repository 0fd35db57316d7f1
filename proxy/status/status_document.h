#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "greylist/judge.h"
#include "proxy/histogram.h"
#include "proxy/status/status_server.h"

namespace proxy {

// What a running proxy has to say of itself, at one moment. Counts are since its start.
struct StatusReport {
  using Count = std::uint64_t;

  struct Connections {
    Count open = 0, accepted = 0, refused = 0, tls = 0;
  };
  struct Recipients {
    Count put_off = 0, passed = 0, refused = 0;
    std::array<Count, greylist::verdict_count> verdicts{};   // by greylist::Verdict
    Count relay_denied = 0, unsafe = 0, needs_smtputf8 = 0;  // refused before anybody judged
  };
  struct Messages {
    Count relayed = 0, refused = 0, unknown = 0;
    Count bytes = 0;  // content octets of relayed ones
  };
  struct Backend {
    std::string address;
    bool up = false;
    Count open = 0, failures = 0;
    Count pooled = 0;  // of the open ones: those that wait for another client
    Count reused = 0;  // times that another client got one
    std::string last_error;
  };
  struct Greylist {
    std::string mode;
    greylist::Limits limits;  // as in force now
  };
  struct Store {
    std::string engine;
    bool ok = false;
    Count entries_estimate = 0, bytes = 0, errors = 0;
    std::string problem;   // why not
    std::string stand_in;  // the engine that serves meanwhile; empty: none
  };

  struct Times {
    Histogram::Seen reply, added, store, until_passed;  // as Counters has them
  };
  struct Tls {
    struct Certificate {
      std::string file;
      std::vector<std::string> names;
      std::chrono::system_clock::time_point expires;
    };
    std::map<std::string, Count> clients, backends;  // handshakes by protocol and cipher
    Count handshakes_failed = 0;                     // with clients
    Count backend_handshakes_failed = 0;
    std::vector<Certificate> certificates;
  };

  std::string version, hostname;
  std::chrono::seconds uptime{0};
  std::chrono::system_clock::time_point started;
  bool draining = false;
  std::vector<std::string> not_ready;  // why no mail should be sent here; empty: it is ready
  std::vector<std::string> warnings;
  Connections connections;
  Recipients recipients;
  Messages messages;
  std::vector<Backend> backends;
  struct PutOffMost {  // lately, and how often at least
    std::vector<std::pair<std::string, Count>> clients, senders;
  };

  PutOffMost put_off_most;
  Greylist greylist;
  Store store;
  Tls tls;
  std::map<int, Count> replies;  // said to clients, by code
  Times times;
  Count dropped_log_lines = 0;
};

// The report as JSON, for GET /status and `greygate status --json`. Octets that aren't UTF-8 become U+FFFD.
std::string status_document(const StatusReport& report);

// GET /healthz: the process lives.
HttpAnswer health();
// GET /readyz: 200, or 503 with what keeps the proxy from relaying mail.
HttpAnswer readiness(const std::vector<std::string>& reasons_against);

}  // namespace proxy

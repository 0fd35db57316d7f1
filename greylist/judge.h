#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "timestamp.h"

namespace greylist {

struct Limits {
  Duration delay = std::chrono::minutes(5);
  Duration retry_window = std::chrono::days(2);
  Duration lifetime = std::chrono::days(36);
  Duration history = std::chrono::days(7);  // how long decisions are kept; 0: none are
};

// What is remembered of a triplet.
struct Record {
  Time first_seen;
  std::optional<Time> passed;  // when a retry first passed
  Time last_seen;              // of a waiting entry: the last attempt; of a passed one: the last use
  bool credited = false;       // has counted towards its client's auto-allow
  std::string last_client;     // address of the last attempt
  bool operator==(const Record&) const = default;
};

enum class Verdict {
  first_seen,
  too_early,
  retried,
  known,
  auto_allowed,
  allow_client,
  allow_sender,
  allow_recipient,
  block_client,
  block_sender,
  block_recipient,
  store_failure,
  off,
  rule_allow,
  rule_block,
  rule_put_off,
  dns_allow,
  trap,
  unknown_recipient,
};
inline constexpr std::size_t verdict_count = static_cast<std::size_t>(Verdict::unknown_recipient) + 1;
std::string_view word(Verdict verdict);  // "first_seen": the same in logs, status, metrics

enum class Action { pass, put_off, refuse };
std::string_view word(Action action);

struct Judgement {
  Verdict verdict;
  Record record;  // what is to be remembered from now on
};

bool expired(const Record& record, Time now, const Limits& limits);

// What two greylists know of one triplet, as one: the earliest first attempt, passed if it had passed in either.
Record merged(const std::optional<Record>& known, const Record& other, Time now, const Limits& limits);

// What is remembered of a triplet under several identities of its client, as one; nullopt: nothing that lives.
std::optional<Record> merged(std::span<const std::optional<Record>> records, Time now, const Limits& limits);

// The greylist's whole decision (RFC 6647 §2.4, §5). `client` becomes record.last_client. Never moves first_seen of an
// entry that lives. A clock that went back: age 0.
Judgement judge(const std::optional<Record>& seen, Time now, const Limits& limits, std::string_view client);

// What a client has earned by passed triplets whose message the backend took.
struct Credit {
  unsigned count = 0;
  Time last_counted;
  Time last_used;  // it lapses `lifetime` after this
  bool operator==(const Credit&) const = default;
};
struct AutoAllow {
  unsigned after = 5;                         // 0: never
  Duration interval = std::chrono::hours(1);  // at most one counts per interval; 0: all
};
bool lapsed(const Credit& credit, Time now, const Limits& limits);
bool earned(const std::optional<Credit>& credit, Time now, const Limits& limits, const AutoAllow& rule);
// One more passed triplet; nullopt: the interval isn't over, it doesn't count yet.
std::optional<Credit> count(const std::optional<Credit>& credit, Time now, const Limits& limits, const AutoAllow& rule);

}  // namespace greylist

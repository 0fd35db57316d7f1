#include "judge.h"

#include <algorithm>
#include <array>
#include <utility>

namespace greylist {
namespace {

// A clock that went back makes no entry old.
Duration since(Time then, Time now) { return std::max(now - then, Duration::zero()); }

constexpr std::array<std::string_view, verdict_count> verdict_words{
    "first_seen",   "too_early",    "retried",           "known",
    "auto_allowed", "allow_client", "allow_sender",      "allow_recipient",
    "block_client", "block_sender", "block_recipient",   "store_failure",
    "off",          "rule_allow",   "rule_block",        "rule_put_off",
    "dns_allow",    "trap",         "unknown_recipient",
};
constexpr std::array<std::string_view, 3> action_words{"pass", "put_off", "refuse"};

}  // namespace

std::string_view word(Verdict verdict) { return verdict_words[std::to_underlying(verdict)]; }
std::string_view word(Action action) { return action_words[std::to_underlying(action)]; }

bool expired(const Record& record, Time now, const Limits& limits) {
  return record.passed ? since(record.last_seen, now) > limits.lifetime
                       : since(record.first_seen, now) > limits.retry_window;
}

Record merged(const std::optional<Record>& known, const Record& other, Time now, const Limits& limits) {
  if (!known || expired(*known, now, limits)) return other;
  Record record = *known;
  record.first_seen = std::min(known->first_seen, other.first_seen);
  if (other.passed && (!record.passed || *other.passed < *record.passed)) record.passed = other.passed;
  if (other.last_seen > record.last_seen) {
    record.last_seen = other.last_seen;
    record.last_client = other.last_client;
  }
  record.credited = known->credited || other.credited;
  return record;
}

std::optional<Record> merged(std::span<const std::optional<Record>> records, Time now, const Limits& limits) {
  std::optional<Record> all;
  for (const auto& record : records)
    if (record && !expired(*record, now, limits)) all = merged(all, *record, now, limits);
  return all;
}

// RFC 6647 §2.4, §5: a temporary refusal until the client retries in due time; what passed stays known.
Judgement judge(const std::optional<Record>& seen, Time now, const Limits& limits, std::string_view client) {
  if (!seen || expired(*seen, now, limits)) {
    return {Verdict::first_seen, {.first_seen = now, .last_seen = now, .last_client = std::string(client)}};
  }
  Judgement judgement{Verdict::known, *seen};
  judgement.record.last_seen = now;
  judgement.record.last_client = client;
  if (seen->passed) return judgement;

  if (since(seen->first_seen, now) < limits.delay) {
    judgement.verdict = Verdict::too_early;
  } else {
    judgement.verdict = Verdict::retried;
    judgement.record.passed = now;
  }
  return judgement;
}

bool lapsed(const Credit& credit, Time now, const Limits& limits) {
  return since(credit.last_used, now) > limits.lifetime;
}

bool earned(const std::optional<Credit>& credit, Time now, const Limits& limits, const AutoAllow& rule) {
  return rule.after > 0 && credit && !lapsed(*credit, now, limits) && credit->count >= rule.after;
}

std::optional<Credit> count(const std::optional<Credit>& credit, Time now, const Limits& limits,
                            const AutoAllow& rule) {
  if (!credit || lapsed(*credit, now, limits)) return Credit{1, now, now};
  if (since(credit->last_counted, now) < rule.interval) return std::nullopt;
  return Credit{credit->count + 1, now, now};
}

}  // namespace greylist

#include "rules/condition.h"

#include <algorithm>

namespace greylist {
namespace {

using Truth = std::expected<bool, LookUp>;

template <class Value>
bool is_any_of(const std::vector<Value>& any, const auto& value) {
  return std::ranges::find(any, value) != any.end();
}

struct Test {
  const Attempt& attempt;
  const Evidence& evidence;
  Time now;

  Truth operator()(const Condition::Client& client) const {
    if (client.list.matches_address(attempt.client)) return true;
    if (!client.list.has_names()) return false;
    return of_name([&](const NameEvidence& name) { return client.list.matches_name(name.name); });
  }
  Truth operator()(const Condition::Helo& helo) const { return helo.names.matches(attempt.helo); }
  Truth operator()(const Condition::Rdns& rdns) const {
    return of_name([&](const NameEvidence& name) { return !name.name.empty() && rdns.names.matches(name.name); });
  }
  Truth operator()(const Condition::FcrdnsIs& fcrdns) const {
    return of_name([&](const NameEvidence& name) { return is_any_of(fcrdns.any, name.fcrdns); });
  }
  Truth operator()(const Condition::SpfIs& spf) const {
    if (!evidence.spf) return std::unexpected(LookUp::spf);
    return is_any_of(spf.any, *evidence.spf);
  }
  Truth operator()(const Condition::DnsList& list) const {
    if (!evidence.lists) return std::unexpected(LookUp::lists);
    return std::ranges::any_of(list.any, [&](const std::string& name) { return is_any_of(*evidence.lists, name); });
  }
  Truth operator()(const Condition::ReputationIs& reputation) const {
    if (!evidence.conduct) return std::unexpected(LookUp::conduct);
    return is_any_of(reputation.any, evidence.conduct->standing);
  }
  Truth operator()(const Condition::MoreThan& more_than) const {
    if (!evidence.conduct) return std::unexpected(LookUp::conduct);
    const auto& attempts = evidence.conduct->attempts;
    return std::ranges::any_of(more_than.any, [&](const Rate& rate) {
      const auto counted = attempts.find(rate.period);
      return counted != attempts.end() && counted->second > rate.attempts;
    });
  }
  Truth operator()(const Condition::Sender& sender) const { return sender.list.matches(attempt.sender); }
  Truth operator()(const Condition::Recipient& recipient) const { return recipient.list.matches(attempt.recipient); }
  Truth operator()(const Condition::NullSender& null_sender) const { return attempt.sender.empty() == null_sender.is; }
  Truth operator()(const Condition::EarlyTalker& early_talker) const {
    return evidence.early_talker == early_talker.is;
  }
  Truth operator()(const Condition::TlsIs& tls) const { return is_any_of(tls.any, evidence.tls); }
  Truth operator()(const Condition::At& at) const {
    return std::ranges::any_of(at.any, [&](const TimeOfWeek& time) { return time.contains(now); });
  }

  template <class Holds>
  Truth of_name(const Holds& holds) const {
    if (!evidence.name) return std::unexpected(LookUp::name);
    return holds(*evidence.name);
  }
};

}  // namespace

Truth holds(const Condition& condition, const Attempt& attempt, const Evidence& evidence, Time now) {
  const auto found = std::visit(Test{attempt, evidence, now}, condition.test);
  if (!found) return found;
  return *found != condition.negated;
}

}  // namespace greylist

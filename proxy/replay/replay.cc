#include "proxy/replay/replay.h"

#include <algorithm>

#include "greylist/store/memory_store.h"
#include "proxy/admin/finished.h"

namespace proxy {

using greylist::Action;
using greylist::Verdict;

Replay::Replay(greylist::Policy policy) : policy_(std::move(policy)), store_(greylist::make_memory_store()) {}

Replayed Replay::judge(const TracedAttempt& attempt) {
  auto replayed = judged(attempt);
  summary_.count(replayed.action, replayed.rule);
  return replayed;
}

// The steps of a session, in the same order.
Replayed Replay::judged(const TracedAttempt& attempt) {
  const auto& sender = attempt.sender.text();
  const auto& recipient = attempt.recipient.text();
  Replayed replayed;
  replayed.triplet = greylist::make_triplet(attempt.client, sender, recipient, policy_.client_prefix);
  replayed.action = Action::refuse;
  if (attempt.recipient.unsafe_recipient()) {
    replayed.word = "unsafe_recipient";
    return replayed;
  }
  const greylist::Attempt asked{attempt.client, attempt.helo, sender, recipient};
  const auto screening = greylist::screen(policy_, run_time_, asked, attempt.proof.name, attempt.time);
  if (std::holds_alternative<greylist::NotOurDomain>(screening)) {
    replayed.word = "relay_denied";
    return replayed;
  }
  const auto* listed = std::get_if<greylist::Listed>(&screening);
  const auto* rule = rule_for(attempt, asked);
  if (listed && !greylist::goes_before(rule, *listed)) return decided(std::move(replayed), listed->verdict);
  if (rule) replayed.rule = rule->name;
  if (!rule || rule->action == greylist::Rule::Action::greylist) return greylisted(attempt, rule);
  return decided(std::move(replayed), greylist::verdict_of(rule->action));
}

Replayed Replay::decided(Replayed replayed, greylist::Verdict verdict) const {
  replayed.word = greylist::word(verdict);
  replayed.action = greylist::action_of(verdict, policy_);
  return replayed;
}

bool Replay::is_on_allow_list(const TracedAttempt& attempt) const {
  const auto& on = attempt.evidence.lists;
  return on && std::ranges::find_first_of(*on, policy_.dns_allow_lists) != on->end();
}

const greylist::Rule* Replay::rule_for(const TracedAttempt& attempt, const greylist::Attempt& asked) {
  if (const auto found = greylist::first_match(policy_.rules, asked, attempt.evidence, attempt.time)) return *found;
  // All but the client's conduct is known of every attempt.
  const auto identities = greylist::identities(attempt.client, attempt.proof, policy_.identity, policy_.client_prefix);
  const auto& identity = identities.front().earner;
  auto evidence = attempt.evidence;
  evidence.conduct.emplace().attempts = rates_.count(identity, policy_.rate_periods, attempt.time);
  if (const auto reputation = reputations_.find(identity))
    evidence.conduct->standing = greylist::standing(*reputation, attempt.time);
  return greylist::first_match(policy_.rules, asked, evidence, attempt.time).value();
}

// As a session has it, but for what the DNS failed to say: a trace doesn't tell.
bool Replay::falls_into_trap(const TracedAttempt& attempt, const std::vector<greylist::Identity>& identities) {
  if (!policy_.traps.matches(attempt.recipient.text()) || !greylist::known_to_dns(attempt.client)) return false;
  if (reputations_.has_passed(identities, attempt.time, policy_.limits.lifetime)) return false;
  if (reputations_.trapped(identities.back().name, attempt.time, policy_.trap_lifetime)) return true;
  reputations_.note(identities.front().earner, greylist::Deed::trap_hit, attempt.time);
  reputations_.trap(identities.back().name, attempt.time);
  return true;
}

Replayed Replay::greylisted(const TracedAttempt& attempt, const greylist::Rule* rule) {
  const auto limits = greylist::limits_under(policy_, rule);
  const auto identities = greylist::identities(attempt.client, attempt.proof, policy_.identity, policy_.client_prefix);
  auto question = greylist::question_about(
      greylist::make_triplet(attempt.client, attempt.sender.text(), attempt.recipient.text(), policy_.client_prefix),
      identities, attempt.client.text());
  const auto rule_name = rule ? rule->name : std::string();
  const bool is_listed = is_on_allow_list(attempt);
  if (!is_listed && falls_into_trap(attempt, identities))
    return decided({.triplet = question.triplet, .rule = rule_name}, Verdict::trap);
  const bool is_trapped = identities.size() == 1 && !policy_.traps.empty() &&
                          reputations_.trapped(identities.back().name, attempt.time, policy_.trap_lifetime);
  question.only_known = is_listed || is_trapped;
  const auto judgement = finished(store_->attempt(question, attempt.time, limits, policy_.auto_allow)).value();
  const bool is_known = judgement.verdict == Verdict::known || judgement.verdict == Verdict::auto_allowed;
  if (question.only_known && !is_known)
    return decided({.triplet = question.triplet, .rule = rule_name}, is_listed ? Verdict::dns_allow : Verdict::trap);
  const auto action = greylist::action_of(judgement.verdict, policy_);
  summary_.greylisted(question, judgement, attempt.time);
  const auto& earner = identities.front().earner;
  reputations_.note_attempt(earner, judgement.verdict, action, attempt.time);
  if (is_known || judgement.verdict == Verdict::retried)
    reputations_.note_pass(question.triplet.identity, attempt.time);
  if (action == Action::pass) {
    reputations_.note(earner, greylist::Deed::delivery, attempt.time);
    greylist::Delivery delivery{{question.triplet}, greylist::earners_of(question)};
    finished(store_->delivered(std::move(delivery), attempt.time, limits, policy_.auto_allow)).value();
  }
  return {std::string(greylist::word(judgement.verdict)), action, question.triplet, rule_name};
}

}  // namespace proxy

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
  const auto* rule = greylist::first_match(policy_.rules, asked, attempt.evidence, attempt.time).value();
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
  const auto& lists = policy_.dns_allow_lists;
  return std::ranges::find_first_of(*attempt.evidence.lists, lists) != attempt.evidence.lists->end();
}

Replayed Replay::greylisted(const TracedAttempt& attempt, const greylist::Rule* rule) {
  const auto limits = greylist::limits_under(policy_, rule);
  auto identities = greylist::identities(attempt.client, attempt.proof, policy_.identity, policy_.client_prefix);
  auto question = greylist::question_about(
      greylist::make_triplet(attempt.client, attempt.sender.text(), attempt.recipient.text(), policy_.client_prefix),
      std::move(identities), attempt.client.text());
  question.only_known = is_on_allow_list(attempt);
  const auto judgement = finished(store_->attempt(question, attempt.time, limits, policy_.auto_allow)).value();
  const bool is_known = judgement.verdict == Verdict::known || judgement.verdict == Verdict::auto_allowed;
  if (question.only_known && !is_known) return decided({.triplet = question.triplet}, Verdict::dns_allow);
  const auto action = greylist::action_of(judgement.verdict, policy_);
  summary_.greylisted(question, judgement, attempt.time);
  if (action == Action::pass) {
    greylist::Delivery delivery{{question.triplet}, greylist::earners_of(question)};
    finished(store_->delivered(std::move(delivery), attempt.time, limits, policy_.auto_allow)).value();
  }
  return {std::string(greylist::word(judgement.verdict)), action, question.triplet, rule ? rule->name : std::string()};
}

}  // namespace proxy

#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "greylist_reply.h"
#include "judge.h"
#include "rules/condition.h"

namespace greylist {

// What an administrator wants done with the attempts that fulfil all of its conditions.
struct Rule {
  enum class Action { allow, greylist, block, put_off };
  std::string name;
  std::vector<Condition> when;  // none: every attempt
  Action action = Action::greylist;
  std::optional<Duration> delay;       // of `greylist`, in place of the policy's
  std::optional<ReplyTemplate> reply;  // of `block` and `put_off`, in place of the usual
};

std::string_view word(Rule::Action action);
std::optional<Rule::Action> parse_rule_action(std::string_view word);

// The first rule whose conditions all hold, null if there is none; or what must be looked up before that can be said.
// Of a rule nothing is looked up unless all else in it holds. Of a client that isn't
// known_to_dns() whatever is looked up counts as not to be had.
std::expected<const Rule*, LookUp> first_match(const std::vector<Rule>& rules, const Attempt& attempt,
                                               const Evidence& evidence, Time now);

bool may_need(const std::vector<Rule>& rules, LookUp what);  // one of them, sooner or later

std::vector<Duration> rate_periods(const std::vector<Rule>& rules);  // that their conditions ask about, each once

Verdict verdict_of(Rule::Action action);  // not of `greylist`, which leaves it to the greylist

}  // namespace greylist

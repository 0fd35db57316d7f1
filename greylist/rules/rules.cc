#include "rules/rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace greylist {
namespace {

constexpr std::array<std::string_view, 4> rule_action_words{"allow", "greylist", "block", "put_off"};

std::expected<bool, LookUp> matches(const Rule& rule, const Attempt& attempt, const Evidence& evidence, Time now) {
  std::optional<LookUp> missing;
  for (const auto& condition : rule.when) {
    const auto found = holds(condition, attempt, evidence, now);
    if (found && !*found) return false;
    if (!found && !missing) missing = found.error();
  }
  if (missing) return std::unexpected(*missing);
  return true;
}

}  // namespace

std::string_view word(Rule::Action action) { return rule_action_words[std::to_underlying(action)]; }

std::optional<Rule::Action> parse_rule_action(std::string_view word) {
  const auto* found = std::ranges::find(rule_action_words, word);
  if (found == rule_action_words.end()) return std::nullopt;
  return static_cast<Rule::Action>(found - rule_action_words.begin());
}

std::expected<const Rule*, LookUp> first_match(const std::vector<Rule>& rules, const Attempt& attempt,
                                               const Evidence& known, Time now) {
  auto evidence = known;
  if (!known_to_dns(attempt.client)) {
    evidence.name = {Fcrdns::error, ""};
    evidence.spf = Spf::temperror;
    evidence.lists.emplace();
    evidence.conduct.emplace();
  }
  for (const auto& rule : rules) {
    const auto found = matches(rule, attempt, evidence, now);
    if (!found) return std::unexpected(found.error());
    if (*found) return &rule;
  }
  return nullptr;
}

bool may_need(const std::vector<Rule>& rules, LookUp what) {
  const auto needs = [what](const Condition& condition) {
    if (std::holds_alternative<Condition::SpfIs>(condition.test)) return what == LookUp::spf;
    if (std::holds_alternative<Condition::DnsList>(condition.test)) return what == LookUp::lists;
    if (std::holds_alternative<Condition::ReputationIs>(condition.test) ||
        std::holds_alternative<Condition::MoreThan>(condition.test))
      return what == LookUp::conduct;
    const auto* client = std::get_if<Condition::Client>(&condition.test);
    const bool by_name = (client && client->list.has_names()) ||
                         std::holds_alternative<Condition::Rdns>(condition.test) ||
                         std::holds_alternative<Condition::FcrdnsIs>(condition.test);
    return by_name && what == LookUp::name;
  };
  return std::ranges::any_of(rules, [&](const Rule& rule) { return std::ranges::any_of(rule.when, needs); });
}

std::vector<Duration> rate_periods(const std::vector<Rule>& rules) {
  std::set<Duration> periods;
  for (const auto& rule : rules)
    for (const auto& condition : rule.when)
      if (const auto* more_than = std::get_if<Condition::MoreThan>(&condition.test))
        for (const auto& rate : more_than->any) periods.insert(rate.period);
  return {periods.begin(), periods.end()};
}

Verdict verdict_of(Rule::Action action) {
  switch (action) {
    case Rule::Action::allow: return Verdict::rule_allow;
    case Rule::Action::block: return Verdict::rule_block;
    case Rule::Action::put_off: return Verdict::rule_put_off;
    case Rule::Action::greylist: break;
  }
  std::unreachable();
}

}  // namespace greylist

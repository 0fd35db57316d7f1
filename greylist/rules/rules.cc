#include "rules/rules.h"

#include <algorithm>
#include <array>
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
                                               const Evidence& evidence, Time now) {
  for (const auto& rule : rules) {
    const auto found = matches(rule, attempt, evidence, now);
    if (!found) return std::unexpected(found.error());
    if (*found) return &rule;
  }
  return nullptr;
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

#include "proxy/replay/summary.h"

#include <algorithm>

namespace proxy {
namespace {

using greylist::Action;
using greylist::Verdict;

void add(ReplaySummary::Actions& actions, Action action) {
  switch (action) {
    case Action::pass: ++actions.passed; break;
    case Action::put_off: ++actions.put_off; break;
    case Action::refuse: ++actions.refused; break;
  }
}

}  // namespace

void ReplaySummary::count(Action action, const std::string& rule) {
  add(actions_, action);
  if (!rule.empty()) add(by_rule_[rule], action);
}

void ReplaySummary::greylisted(const greylist::Question& question, const greylist::Judgement& judgement,
                               greylist::Time time) {
  if (judgement.verdict == Verdict::auto_allowed || judgement.verdict == Verdict::known) return;
  const auto keys = greylist::keys_of(question);
  const auto known = std::ranges::find_if(keys, [&](const std::string& key) { return by_key_.contains(key); });
  const auto index = known == keys.end() ? waiting_.size() : by_key_.at(*known);
  if (index == waiting_.size()) {
    waiting_.push_back({std::string(greylist::kind_of(question.triplet.identity))});
    ++by_identity_[waiting_.back().identity].all;
  }
  for (const auto& key : keys) by_key_.try_emplace(key, index);
  if (judgement.verdict != Verdict::retried) return;
  auto& waiting = waiting_[index];
  auto& kind = by_identity_[waiting.identity];
  if (!waiting.passed) ++kind.passed;
  waiting.passed = true;
  kind.delays.push_back(time - judgement.record.first_seen);
}

ReplaySummary::Triplets ReplaySummary::triplets() const {
  Triplets sum;
  for (const auto& [kind, triplets] : by_identity_) {
    sum.all += triplets.all;
    sum.passed += triplets.passed;
    sum.delays.insert(sum.delays.end(), triplets.delays.begin(), triplets.delays.end());
  }
  return sum;
}

greylist::Duration percentile(std::vector<greylist::Duration> values, unsigned hundredths) {
  if (values.empty()) return greylist::Duration::zero();
  const auto rank = std::max<std::size_t>((values.size() * hundredths + 99) / 100, 1) - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

}  // namespace proxy

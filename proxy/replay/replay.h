#pragma once
#include <memory>
#include <string>

#include "greylist/lists/run_time_list.h"
#include "greylist/policy.h"
#include "greylist/reputations.h"
#include "greylist/rules/rate.h"
#include "greylist/store/store.h"
#include "proxy/replay/summary.h"
#include "proxy/replay/trace.h"

namespace proxy {

// What became of an attempt.
struct Replayed {
  std::string word;  // of the verdict, or of what was wrong with the recipient, as the log has it
  greylist::Action action = greylist::Action::pass;
  greylist::Triplet triplet;  // as it came to the greylist, or would have
  std::string rule;           // the name of the one that decided, or chose the delay; empty: none
};

// Recorded attempts, judged one after the other as a proxy with this policy would have, by their own clock and with an
// empty greylist to begin with. A backend is taken to accept all that passes. Nothing is asked of the network.
class Replay {
 public:
  explicit Replay(greylist::Policy policy);
  Replayed judge(const TracedAttempt& attempt);
  const ReplaySummary& summary() const { return summary_; }

 private:
  Replayed judged(const TracedAttempt& attempt);
  Replayed decided(Replayed replayed, greylist::Verdict verdict) const;
  bool is_on_allow_list(const TracedAttempt& attempt) const;
  const greylist::Rule* rule_for(const TracedAttempt& attempt, const greylist::Attempt& asked);
  bool falls_into_trap(const TracedAttempt& attempt, const std::vector<greylist::Identity>& identities);
  Replayed greylisted(const TracedAttempt& attempt, const greylist::Rule* rule);

  const greylist::Policy policy_;
  const greylist::RunTimeLists run_time_;  // none
  std::unique_ptr<greylist::Store> store_;
  greylist::Reputations reputations_;
  greylist::RateCounts rates_;
  ReplaySummary summary_;
};

}  // namespace proxy

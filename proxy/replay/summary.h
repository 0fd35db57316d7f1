#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "greylist/judge.h"
#include "greylist/store/question.h"

namespace proxy {

// What came of many attempts. A triplet is counted once, by whichever of its identities it comes back.
class ReplaySummary {
 public:
  struct Triplets {
    std::uint64_t all = 0, passed = 0;
    std::vector<greylist::Duration> delays;  // from the first attempt to the retry that passed
  };

  struct Actions {
    std::uint64_t put_off = 0, passed = 0, refused = 0;
    std::uint64_t all() const { return put_off + passed + refused; }
  };

  void count(greylist::Action action, const std::string& rule);  // the name of the one that had a say, or empty
  void greylisted(const greylist::Question& question, const greylist::Judgement& judgement, greylist::Time time);

  const Actions& actions() const { return actions_; }
  const std::map<std::string, Actions>& by_rule() const { return by_rule_; }
  Triplets triplets() const;                                                           // all that had to wait
  const std::map<std::string, Triplets>& by_identity() const { return by_identity_; }  // "spf", "rdns", "network"

 private:
  struct Waiting {
    std::string identity;  // its kind, at the first attempt
    bool passed = false;
  };

  Actions actions_;
  std::map<std::string, Actions> by_rule_;
  std::vector<Waiting> waiting_;
  std::unordered_map<std::string, std::size_t> by_key_;  // of a triplet under each identity → in waiting_
  std::map<std::string, Triplets> by_identity_;
};

// The value that so many hundredths of all don't exceed; zero of none.
greylist::Duration percentile(std::vector<greylist::Duration> values, unsigned hundredths);

}  // namespace proxy

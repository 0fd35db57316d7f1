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

  void count(greylist::Action action);
  void greylisted(const greylist::Question& question, const greylist::Judgement& judgement, greylist::Time time);

  std::uint64_t attempts() const { return put_off_ + passed_ + refused_; }
  std::uint64_t put_off() const { return put_off_; }
  std::uint64_t passed() const { return passed_; }
  std::uint64_t refused() const { return refused_; }
  Triplets triplets() const;                                                           // all that had to wait
  const std::map<std::string, Triplets>& by_identity() const { return by_identity_; }  // "spf", "rdns", "network"

 private:
  struct Waiting {
    std::string identity;  // its kind, at the first attempt
    bool passed = false;
  };

  std::uint64_t put_off_ = 0, passed_ = 0, refused_ = 0;
  std::vector<Waiting> waiting_;
  std::unordered_map<std::string, std::size_t> by_key_;  // of a triplet under each identity → in waiting_
  std::map<std::string, Triplets> by_identity_;
};

// The value that so many hundredths of all don't exceed; zero of none.
greylist::Duration percentile(std::vector<greylist::Duration> values, unsigned hundredths);

}  // namespace proxy

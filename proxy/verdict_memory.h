#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace proxy {

// What was made of others' answers, for as long as they hold: it spares asking, or putting them together again.
// Bounded: where there are too many, it begins anew.
template <class Verdict>
class VerdictMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit VerdictMemory(std::size_t most = 10'000) : most_(most) {}

  const Verdict* find(const std::string& about, Time now) const {  // null: there is none, or no more
    const auto found = verdicts_.find(about);
    return found == verdicts_.end() || found->second.lapse <= now ? nullptr : &found->second.verdict;
  }
  void keep(std::string about, Verdict verdict, Time lapse) {
    if (about.size() > longest) return;
    if (verdicts_.size() >= most_) verdicts_.clear();
    verdicts_.insert_or_assign(std::move(about), Kept{std::move(verdict), lapse});
  }

 private:
  struct Kept {
    Verdict verdict;
    Time lapse;
  };
  static constexpr std::size_t longest = 512;  // of what a stranger may have chosen
  std::size_t most_;
  std::unordered_map<std::string, Kept> verdicts_;
};

}  // namespace proxy

#pragma once
#include <chrono>
#include <cstddef>
#include <string>

#include "proxy/verdict_memory.h"
#include "smtp/reply.h"

namespace proxy {

// What the backend said of recipients, for a while: that it takes them, or knows no such mailbox. Bounded.
class RecipientMemory {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A mailbox may be made because somebody was told that it isn't there: they shouldn't be told so for long.
  static constexpr std::chrono::minutes unknown_for{10};
  // One that was closed is missed by nobody: its mail waits, and the backend has the last word.
  static constexpr std::chrono::hours taken_for{1};

  explicit RecipientMemory(std::size_t most = 10'000) : replies_(most) {}

  // By the recipient as keyed by the greylist. Null: the backend must be asked.
  const smtp::Reply* find(const std::string& recipient, Time now) const { return replies_.find(recipient, now); }
  // Only one that takes the recipient, or says that it is unknown.
  void keep(std::string recipient, smtp::Reply reply, Time now);

 private:
  VerdictMemory<smtp::Reply> replies_;
};

}  // namespace proxy

#pragma once
#include <chrono>
#include <optional>

#include "proxy/counters.h"

namespace proxy {

// How long a client waits for the replies to what it said, and how much of that the backend takes. One a session.
class ReplyTime {
 public:
  explicit ReplyTime(Counters& counters) : counters_(counters) {}

  void client_is_silent() { heard_.reset(); }  // what is said now answers nothing that it said
  void heard() {                               // octets came from it
    heard_ = Clock::now();
    backends_ = {};
  }
  void replied() {  // the replies go out
    if (!heard_) return;
    const auto took = Clock::now() - *heard_;
    counters_.reply_time.add(took);
    counters_.added_time.add(took - backends_);
    heard_.reset();
  }

  // As long as one lives, it is the backend that is waited for. Not to be nested.
  class BackendsTurn {
   public:
    explicit BackendsTurn(ReplyTime& time) : time_(time) {}
    ~BackendsTurn() { time_.backends_ += Clock::now() - began_; }
    BackendsTurn(const BackendsTurn&) = delete;
    BackendsTurn& operator=(const BackendsTurn&) = delete;

   private:
    ReplyTime& time_;
    const std::chrono::steady_clock::time_point began_ = Clock::now();
  };

 private:
  using Clock = std::chrono::steady_clock;

  Counters& counters_;
  std::optional<Clock::time_point> heard_;
  Clock::duration backends_{};
};

}  // namespace proxy

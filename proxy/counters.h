#pragma once
#include <array>
#include <chrono>

#include "greylist/judge.h"
#include "proxy/counter.h"
#include "proxy/histogram.h"

namespace proxy {

// One for each reply code that there can be (RFC 5321 §4.2.1).
class ReplyCounters {
 public:
  static constexpr int first = 200, last = 599;

  void add(int code) {
    if (code >= first && code <= last) by_code_[static_cast<std::size_t>(code - first)].add();
  }
  std::uint64_t value(int code) const { return by_code_[static_cast<std::size_t>(code - first)].value(); }

 private:
  std::array<Counter, last - first + 1> by_code_;
};

namespace bounds {

using namespace std::chrono_literals;

inline constexpr std::array<Histogram::Duration, 17> reply{50us, 100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms,
                                                           50ms, 100ms, 250ms, 500ms, 1s,  5s,     30s, 2min};
inline constexpr std::array<Histogram::Duration, 15> look_up{2us, 5us,    10us, 25us, 50us, 100us, 250us, 500us,
                                                             1ms, 2500us, 5ms,  10ms, 50ms, 250ms, 1s};
inline constexpr std::array<Histogram::Duration, 17> until_passed{
    30s, 1min, 2min, 5min, 10min, 15min, 20min, 30min, 45min, 1h, 2h, 4h, 8h, 12h, 24h, 48h, 96h};

}  // namespace bounds

// What one event loop has seen; summed over the loops when somebody asks.
struct Counters {
  struct {
    Counter open, accepted, refused, tls;
  } connections;
  struct {
    Counter put_off, passed, refused;
    std::array<Counter, greylist::verdict_count> verdicts;
    Counter relay_denied, unsafe, needs_smtputf8;  // refused before anybody judged
  } recipients;
  struct {
    Counter relayed, refused, unknown, bytes;
  } messages;
  ReplyCounters replies;                         // said to clients
  Histogram reply_time{bounds::reply};           // from a client's octets to the replies that they earn
  Histogram added_time{bounds::reply};           // likewise, without what was spent on waiting for the backend
  Histogram store_time{bounds::look_up};         // of one look at the greylist
  Histogram until_passed{bounds::until_passed};  // from a first attempt to the retry that passes
};

}  // namespace proxy

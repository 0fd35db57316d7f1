#pragma once
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "proxy/backend/backends.h"
#include "proxy/loop.h"

namespace proxy {

// Looks after the backends on one event loop: asks each at the start, and again while it is down or nothing is heard of
// it; the first time it is reached also whether it relays for outsiders.
class BackendWatch {
 public:
  explicit BackendWatch(Loop& loop) : loop_(loop), timer_(loop.io) {}

  // `first_round_over` is called once, when every address has been asked.
  void start(std::function<void()> first_round_over);
  void stop();

 private:
  struct Watched {
    bool asking = false, asked = false, guarded = false;
    std::chrono::steady_clock::time_point next{};
  };

  void look();
  void tell_if_all_asked();
  asio::awaitable<void> ask(std::shared_ptr<const Setup> setup, BackendAddress& address);

  Loop& loop_;
  asio::steady_timer timer_;
  std::shared_ptr<Backends> backends_;  // those that `watched_` speaks of
  std::map<const BackendAddress*, Watched> watched_;
  std::function<void()> first_round_over_;
  bool stopped_ = false;
};

}  // namespace proxy

#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "proxy/loop.h"

namespace proxy {

// Keeps reputations over a restart: reads them at the start, and writes every minute what has changed. A crash costs
// the last minute's deeds.
class ReputationKeeper {
 public:
  ReputationKeeper(Site& site, asio::io_context& loop) : site_(site), loop_(loop), timer_(loop) {}

  void start();
  void stop();
  void write_rest();  // waits for the store; after everything else has ended

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> read();
  asio::awaitable<void> write();

  Site& site_;
  asio::io_context& loop_;
  asio::steady_timer timer_;
  bool stopped_ = false, read_ = false;
};

}  // namespace proxy

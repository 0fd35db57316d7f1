#pragma once
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/loop.h"

namespace proxy {

// What a service manager is told (sd_notify(3)); nothing is, and nothing happens, where none asked for it.
namespace service_manager {

void ready();
void reloading();  // until ready() again
void stopping();

// How often it wants to hear that all is well, halved; zero: not at all (sd_watchdog_enabled(3)).
std::chrono::microseconds watchdog_interval();
void alive();

}  // namespace service_manager

// Tells the service manager that the program lives, as long as every event loop comes round: one that hangs gets the
// program restarted. Runs on `control`; every loop outlives it.
class Watchdog {
 public:
  Watchdog(asio::io_context& control, const std::vector<std::unique_ptr<Loop>>& loops);
  void start();
  void stop() { timer_.cancel(); }

 private:
  void look();

  const std::vector<std::unique_ptr<Loop>>& loops_;
  asio::steady_timer timer_;
  const std::chrono::microseconds interval_ = service_manager::watchdog_interval();
  // Loops that haven't come round since the last look; shared with what is posted to them.
  std::shared_ptr<std::atomic<std::size_t>> awaited_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace proxy

#include "proxy/service_manager.h"

#include <systemd/sd-daemon.h>
#include <asio/post.hpp>
#include <ctime>
#include <string>

namespace proxy {

namespace service_manager {

void ready() { sd_notify(0, "READY=1"); }
void stopping() { sd_notify(0, "STOPPING=1"); }
void alive() { sd_notify(0, "WATCHDOG=1"); }

void reloading() {
  std::timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

std::chrono::microseconds watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::chrono::microseconds(0);
  return std::chrono::microseconds(microseconds / 2);
}

}  // namespace service_manager

Watchdog::Watchdog(asio::io_context& control, const std::vector<std::unique_ptr<Loop>>& loops)
    : loops_(loops), timer_(control) {}

void Watchdog::start() {
  if (interval_.count() > 0) look();
}

void Watchdog::look() {
  if (*awaited_ == 0) {
    service_manager::alive();
    *awaited_ = loops_.size();
    for (const auto& loop : loops_) asio::post(loop->io, [awaited = awaited_] { --*awaited; });
  }
  timer_.expires_after(interval_ / 2);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) look();
  });
}

}  // namespace proxy

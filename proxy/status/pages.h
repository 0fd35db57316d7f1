#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/loop.h"
#include "proxy/setup.h"
#include "proxy/status/status_server.h"

namespace proxy {

// What the pages speak of. Read on the status server's thread while everything runs.
struct StatusSources {
  std::shared_ptr<const Setup> setup;
  const Site& site;
  const std::vector<std::unique_ptr<Loop>>& loops;
  std::chrono::steady_clock::time_point started;
  std::chrono::system_clock::time_point start_time;  // the same moment, for people
  bool draining;
};

// The page at `path`: /, /status, /status/recent, /metrics, /healthz, /readyz; 404 for any other.
HttpAnswer status_page(std::string_view path, const StatusSources& sources);

}  // namespace proxy

#pragma once
#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "judge.h"

namespace greylist {

// What expiry goes by; read by the library's compaction threads while a reload changes it.
class Expiry {
 public:
  Expiry(std::function<Time()> clock, const Limits& limits) : clock_(std::move(clock)) { set(limits); }
  void set(const Limits& limits) {
    retry_window_ = limits.retry_window.count();
    lifetime_ = limits.lifetime.count();
    history_ = limits.history.count();
  }
  Limits limits() const {
    return {.retry_window = Duration(retry_window_), .lifetime = Duration(lifetime_), .history = Duration(history_)};
  }
  Time now() const { return clock_(); }

 private:
  std::function<Time()> clock_;
  std::atomic<Duration::rep> retry_window_, lifetime_, history_;
};

// What the library tells, on any thread; must not block.
struct LibraryEvents {
  std::function<void(const rocksdb::Status&)> background_error;
  std::function<void(std::string_view)> log;  // errors alone
};

struct DatabaseOptions {
  rocksdb::DBOptions database;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // default, triplets, clients, lists, history, reputations
};

// Blocks, filters and write buffers of all families together stay within `cache_bytes` (8 MiB at least).
DatabaseOptions database_options(std::uint64_t cache_bytes, const std::shared_ptr<const Expiry>& expiry,
                                 const LibraryEvents& events);

}  // namespace greylist

#pragma once
#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
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
  }
  Limits limits() const { return {.retry_window = Duration(retry_window_), .lifetime = Duration(lifetime_)}; }
  Time now() const { return clock_(); }

 private:
  std::function<Time()> clock_;
  std::atomic<Duration::rep> retry_window_, lifetime_;
};

// Any thread of the library's; must not block.
using OnBackgroundError = std::function<void(const rocksdb::Status&)>;

struct DatabaseOptions {
  rocksdb::DBOptions database;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  // default, triplets, clients, lists
};

// Blocks, filters and write buffers of all families together stay within `cache_bytes` (8 MiB at least).
DatabaseOptions database_options(std::uint64_t cache_bytes, std::shared_ptr<const Expiry> expiry,
                                 OnBackgroundError on_error);

}  // namespace greylist

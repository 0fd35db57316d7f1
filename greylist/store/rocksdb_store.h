#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "store.h"

namespace greylist {

struct RocksDbOptions {
  std::string path;
  std::uint64_t cache_bytes = 64ull << 20;  // blocks, filters and write buffers together; 8 MiB at least
  Limits limits;
  std::function<Time()> clock;  // for expiry and the name of what is moved aside; any thread
  // Repaired, moved aside, full disk, recovered; any thread, must not call the store.
  std::function<void(std::string_view)> warn = [](std::string_view) {};
};

// The store is held by another process: we must not touch it.
struct StoreLocked {
  std::string what;
};

// Opens or makes the database (the directory with mode 0700). One that can't be opened is repaired, else moved aside to
// PATH.broken-TIME and begun anew; if that fails too, or the disk is full or the path can't be used, the store answers
// every call with StoreError (status().ok is false) and tries again by itself every few seconds. Only a lock held by
// another process is an error here.
//
// While it runs: what the library finds corrupt is repaired the same way, in the background; meanwhile calls fail with
// StoreError. On a full disk writes fail, reads go on; it recovers within seconds of there being space.
//
// Calls run on the caller's thread as long as everything they need is in memory, else on one of two threads. The writes
// reach the kernel before a call returns and the disk within about a second. Destroy the store after the event loops
// have stopped and before their io_contexts are destroyed: it waits for the calls that are under way.
std::expected<std::unique_ptr<Store>, StoreLocked> open_rocksdb_store(const RocksDbOptions& options);

// Rewrites all files of a store made by open_rocksdb_store() now, which drops what has expired, and returns when done.
// It happens by itself within a day; this is for tests and measurements.
void compact(Store& store);

}  // namespace greylist

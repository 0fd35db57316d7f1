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
  std::uint64_t cache_bytes = 64ull << 20;
  Limits limits;
  std::function<Time()> clock;  // for the compaction filter, which runs on the library's own threads
  std::function<void(std::string_view)> warn = [](std::string_view) {
  };  // repaired, moved aside, full disk, recovered; any thread
};

// The store is held by another process: we must not touch it.
struct StoreLocked {
  std::string what;
};

// Opens or makes the database. One that can't be opened is repaired, else moved aside to PATH.broken-TIME and begun
// anew; if that fails too the store answers every call with StoreError (status().ok is false) and tries again by
// itself. Only a lock held by another process is an error here.
std::expected<std::unique_ptr<Store>, StoreLocked> open_rocksdb_store(RocksDbOptions options);

}  // namespace greylist

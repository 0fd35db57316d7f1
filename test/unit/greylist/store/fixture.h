#pragma once
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "greylist/store/rocksdb_store.h"

namespace greylist::test {

// Runs a store's call on an event loop of its own.
template <class T>
T run(asio::awaitable<T> call) {
  asio::io_context loop{1};
  auto result = asio::co_spawn(loop, std::move(call), asio::use_future);
  loop.run();
  return result.get();
}

// In memory where that can be had: the tests sync often.
class TempDir {
 public:
  TempDir() {
    namespace fs = std::filesystem;
    const fs::path shared_memory = "/dev/shm";
    std::string name =
        (fs::is_directory(shared_memory) ? shared_memory : fs::temp_directory_path()) / "greygate-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline const Time start{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + std::chrono::hours(7)};
inline const Limits limits{};  // 5 min, 2 d, 36 d
inline const AutoAllow no_auto_allow{.after = 0};

inline Triplet triplet(int n) {
  return {"192.0.2.0/24", "sender" + std::to_string(n) + "@example.com", "bob@example.org"};
}
inline Question question(int n, std::string earner = "") { return {triplet(n), std::move(earner), "192.0.2.7"}; }

// A RocksDB store's options, with a clock that is turned by hand and warnings that are kept.
class Rocks {
 public:
  explicit Rocks(std::filesystem::path path) : path_(std::move(path)) {}

  RocksDbOptions options() {
    return {.path = path_.string(),
            .cache_bytes = 8 << 20,
            .limits = limits,
            .clock = [this] { return now.load(); },
            .warn =
                [this](std::string_view text) {
                  const std::lock_guard lock(mutex_);
                  warnings_.emplace_back(text);
                }};
  }
  std::unique_ptr<Store> open() {
    auto store = open_rocksdb_store(options());
    if (!store) throw std::runtime_error(store.error().what);
    return *std::move(store);
  }
  std::string warnings() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const auto& warning : warnings_) all += warning + "\n";
    return all;
  }
  const std::filesystem::path& path() const { return path_; }

  std::atomic<Time> now = start;

 private:
  std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::vector<std::string> warnings_;
};

}  // namespace greylist::test

#pragma once
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/loop.h"

namespace proxy {

// The entries that administrators add to the allow and block lists while the proxy runs: kept in the store, in force on
// every event loop. Thread-safe; calls wait for the store and the loops, so they aren't for the loops' own threads.
class RunTimeRegister {
 public:
  RunTimeRegister(Site& site, const std::vector<std::unique_ptr<Loop>>& loops) : site_(site), loops_(loops) {}

  // Puts in force what the store keeps. The error says why it can't be read: what was in force stays.
  std::expected<void, std::string> load();

  // In force on all loops when these return, and kept. The errors say what is wrong with the entries or the store;
  // nothing has changed then.
  std::expected<void, std::string> add(std::vector<greylist::RunTimeEntry> entries);
  std::expected<bool, std::string> remove(const greylist::RunTimeEntry& given);  // whether it was there

  std::vector<greylist::RunTimeEntry> entries() const;          // that haven't lapsed, sorted by their conditions
  std::shared_ptr<const greylist::RunTimeLists> lists() const;  // as in force

 private:
  using Entries = std::map<std::string, greylist::RunTimeEntry>;  // by run_time_key()
  static void keep(Entries& entries, greylist::RunTimeEntry entry);
  void publish();

  Site& site_;
  const std::vector<std::unique_ptr<Loop>>& loops_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::shared_ptr<const greylist::RunTimeLists> lists_ = std::make_shared<greylist::RunTimeLists>();
};

}  // namespace proxy

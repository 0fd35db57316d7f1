#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "store/rocksdb_open.h"
#include "store/rocksdb_store.h"
#include "store/stripes.h"

namespace greylist {

// Keeps a database open and in health. A thread of its own syncs the write-ahead log every second or so, and closes,
// repairs and opens again what was found damaged; meanwhile there is no database. On a full disk the library recovers
// by itself; should it not, the thread opens anew.
class Keeper {
 public:
  explicit Keeper(const RocksDbOptions& options);
  ~Keeper();  // syncs; nobody may hold a stripe any more

  // Opens, and starts the thread; once. The only error is another process' lock: what else stands in the way is a
  // problem() and tried again every few seconds.
  std::expected<void, StoreLocked> open();

  // Whoever holds a stripe may use the database, if there is one.
  Stripes& stripes() const { return stripes_; }
  Database* database() const { return stopped_ ? nullptr : database_.get(); }

  void set_limits(const Limits& limits) { expiry_->set(limits); }
  void wrote() { unsynced_ = true; }           // to be synced soon
  void failed(const rocksdb::Status& status);  // a call met this: look after it
  std::string problem() const;                 // empty: all is well

 private:
  void heard(const rocksdb::Status& background_error);  // the library's threads
  void set_problem(const std::string& problem);

  // The rest is the maintenance thread's.
  void maintain(const std::stop_token& stop);
  void look_after();
  void sync();
  void look_after_failing_writes();
  void reopen(Rung first);

  const std::shared_ptr<Expiry> expiry_;
  const DatabasePlace place_;

  // Holding any stripe keeps the database open; to replace it takes them all.
  mutable Stripes stripes_;
  std::unique_ptr<Database> database_;

  std::atomic<bool> unsynced_ = false;
  std::atomic<bool> writes_fail_ = false;  // full disk and the like: reads go on
  std::atomic<bool> suspect_ = false;      // a read met corrupt data
  std::atomic<bool> stopped_ = false;      // the library gave up writing until the database is opened anew
  mutable std::mutex problem_mutex_;
  std::string problem_;

  unsigned ticks_since_repair_, ticks_until_retry_ = 0, ticks_of_failure_ = 0;
  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread maintenance_;
};

}  // namespace greylist

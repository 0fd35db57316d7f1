#pragma once
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "reputations.h"
#include "store/rocksdb_open.h"
#include "store/steps.h"

namespace greylist {

// How far a step may go for what it needs: an event loop's thread only into memory.
enum class Reach { memory, disk };

// The entries of an open database for the length of one step. What is put is written by commit(), in one batch.
class RocksDbShelf final : public Shelf {
 public:
  // `unreadable` counts values that can't be decoded; they are taken for absent.
  RocksDbShelf(Database& database, Reach reach, std::atomic<std::uint64_t>& unreadable);

  Step<std::optional<Record>> record(const std::string& key) override;
  Step<std::optional<Credit>> credit(const std::string& earner) override;
  void put(const std::string& key, const Record& record) override;
  void put(const std::string& earner, const Credit& credit) override;
  void forget(const std::string& earner);
  void erase(const Triplet& triplet);
  void put(const RunTimeEntry& entry);
  Step<bool> erase(const RunTimeEntry& entry);  // whether it is there
  void put(const HistoryEvent& event, std::uint32_t number);
  void put(const ReputationChange& change);

  // In the write-ahead log when it returns, so it survives our end, and the machine's after the next sync.
  rocksdb::Status commit();
  bool wrote() const { return batch_ && batch_->Count() > 0; }
  // Of the last call that met an obstacle.
  const rocksdb::Status& status() const { return status_; }

 private:
  Step<bool> read(rocksdb::ColumnFamilyHandle* family, const std::string& key);  // into value_; false: not there
  rocksdb::WriteBatch& batch() { return batch_ ? *batch_ : batch_.emplace(); }

  Database& database_;
  Reach reach_;
  std::atomic<std::uint64_t>& unreadable_;
  rocksdb::PinnableSlice value_;
  std::optional<rocksdb::WriteBatch> batch_;
  rocksdb::Status status_;
};

// NeedsDisk if a step that was not to wait would have had to.
Obstacle obstacle(const rocksdb::Status& status, Reach reach);

}  // namespace greylist

#include "store/rocksdb_shelf.h"

#include <rocksdb/perf_level.h>

#include "store/keys.h"
#include "store/record_codec.h"

namespace greylist {

Obstacle obstacle(const rocksdb::Status& status, Reach reach) {
  if (reach == Reach::memory && status.IsIncomplete()) return NeedsDisk{};
  return StoreError{status.ToString()};
}

RocksDbShelf::RocksDbShelf(Database& database, Reach reach, std::atomic<std::uint64_t>& unreadable)
    : database_(database), reach_(reach), unreadable_(unreadable) {
  // The library counts for each thread what nobody reads, each comparison of two keys for one.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
}

Step<bool> RocksDbShelf::read(rocksdb::ColumnFamilyHandle* family, const std::string& key) {
  rocksdb::ReadOptions options;
  if (reach_ == Reach::memory) options.read_tier = rocksdb::kBlockCacheTier;
  value_.Reset();
  auto status = database_.db->Get(options, family, key, &value_);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  status_ = status;
  return std::unexpected(obstacle(status, reach_));
}

Step<std::optional<Record>> RocksDbShelf::record(const std::string& key) {
  const auto found = read(database_.triplets(), key);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  auto record = decode_record(value_.ToStringView());
  if (!record) ++unreadable_;
  return record;
}

Step<std::optional<Credit>> RocksDbShelf::credit(const std::string& earner) {
  const auto found = read(database_.clients(), credit_key(earner));
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  auto credit = decode_credit(value_.ToStringView());
  if (!credit) ++unreadable_;
  return credit;
}

void RocksDbShelf::put(const std::string& key, const Record& record) {
  batch().Put(database_.triplets(), key, encode(record));
}
void RocksDbShelf::put(const std::string& earner, const Credit& credit) {
  batch().Put(database_.clients(), credit_key(earner), encode(credit));
}
void RocksDbShelf::erase(const Triplet& triplet) { batch().Delete(database_.triplets(), triplet_key(triplet)); }
Step<bool> RocksDbShelf::erase(const RunTimeEntry& entry) {
  const auto key = run_time_key(entry);
  auto found = read(database_.lists(), key);
  if (found && *found) batch().Delete(database_.lists(), key);
  return found;
}
void RocksDbShelf::put(const RunTimeEntry& entry) {
  batch().Put(database_.lists(), run_time_key(entry), encode(entry));
}
void RocksDbShelf::put(const HistoryEvent& event, std::uint32_t number) {
  batch().Put(database_.history(), history_key(event.recipient, event.time, number), encode(event));
}
void RocksDbShelf::put(const ReputationChange& change) {
  if (change.reputation)
    batch().Put(database_.reputations(), change.identity, encode(*change.reputation));
  else
    batch().Delete(database_.reputations(), change.identity);
}
void RocksDbShelf::forget(const std::string& earner) { batch().Delete(database_.clients(), credit_key(earner)); }

rocksdb::Status RocksDbShelf::commit() {
  if (!wrote()) return rocksdb::Status::OK();
  rocksdb::WriteOptions options;
  options.no_slowdown = reach_ == Reach::memory;  // where it would wait for a flush it says Incomplete
  return status_ = database_.db->Write(options, &*batch_);
}

}  // namespace greylist

#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "store/rocksdb_open.h"
#include "store/store.h"

namespace greylist {

// What administrators ask an open database for. All of it may wait for the disk, and reads without filling the cache
// that mail needs. What can't be decoded is passed over.
class Listing {
 public:
  explicit Listing(Database& database) : database_(database) {}

  template <class T>
  using Found = std::expected<T, rocksdb::Status>;

  Found<EntryPage> entries(const std::string& from, const EntryFilter& wanted) const;
  Found<EarnerPage> earners(const std::string& from) const;
  Found<std::vector<RunTimeEntry>> run_time_entries() const;
  Found<std::vector<ReputationChange>> reputations() const;
  Found<std::vector<HistoryEvent>> history(const std::string& recipient, std::size_t most) const;

 private:
  Database& database_;
};

}  // namespace greylist

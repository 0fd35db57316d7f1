#include "store/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>

#include "store/record_codec.h"

namespace greylist {
namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib;

// Whether a value has expired. What can't be read stays: a newer version may know it.
using IsOver = bool (*)(std::string_view value, Time now, const Limits& limits);

bool record_is_over(std::string_view value, Time now, const Limits& limits) {
  const auto record = decode_record(value);
  return record && expired(*record, now, limits);
}
bool credit_is_over(std::string_view value, Time now, const Limits& limits) {
  const auto credit = decode_credit(value);
  return credit && lapsed(*credit, now, limits);
}

bool event_is_over(std::string_view value, Time now, const Limits& limits) {
  const auto event = decode_event(value);
  return event && now - event->time > limits.history;
}
bool run_time_entry_is_over(std::string_view value, Time now, const Limits&) {
  RunTimeEntry entry;
  return decode_into(entry, value) && entry.lapses && *entry.lapses < now;
}

bool reputation_is_over(std::string_view value, Time now, const Limits&) {
  const auto reputation = decode_reputation(value);
  return reputation && !worth_keeping(*reputation, now);
}

// One a compaction, so the clock is read once a compaction and not once an entry.
class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  ExpiryFilter(IsOver is_over, Time now, const Limits& limits) : is_over_(is_over), now_(now), limits_(limits) {}
  const char* Name() const override { return "greygate.expiry"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    return is_over_(value.ToStringView(), now_, limits_);
  }

 private:
  IsOver is_over_;
  Time now_;
  Limits limits_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  ExpiryFilterFactory(IsOver is_over, std::shared_ptr<const Expiry> expiry)
      : is_over_(is_over), expiry_(std::move(expiry)) {}
  const char* Name() const override { return "greygate.expiry"; }
  bool ShouldFilterTableFileCreation(rocksdb::TableFileCreationReason reason) const override {
    return reason == rocksdb::TableFileCreationReason::kCompaction ||
           reason == rocksdb::TableFileCreationReason::kFlush;
  }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryFilter>(is_over_, expiry_->now(), expiry_->limits());
  }

 private:
  IsOver is_over_;
  std::shared_ptr<const Expiry> expiry_;
};

class ErrorListener final : public rocksdb::EventListener {
 public:
  explicit ErrorListener(const LibraryEvents& events) : events_(events) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    events_.background_error(*status);
  }

 private:
  LibraryEvents events_;
};

// In place of the library's own log files: those abort the process when the disk is full (an assertion that Debian's
// build has), and opening renames them before it looks whether the database is in use.
class ErrorLog final : public rocksdb::Logger {
 public:
  explicit ErrorLog(const LibraryEvents& events) : Logger(rocksdb::InfoLogLevel::ERROR_LEVEL), events_(events) {}
  using Logger::Logv;
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    std::array<char, 500> line;
    if (std::vsnprintf(line.data(), line.size(), format, arguments) > 0) events_.log(line.data());
  }

 private:
  LibraryEvents events_;
};

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache, std::uint64_t buffer_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewRibbonFilterPolicy(10));  // of whole keys: most clients are strangers
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = rocksdb::kLZ4Compression;
  family.write_buffer_size = buffer_bytes;
  family.memtable_whole_key_filtering = true;  // strangers aren't in the latest part either
  family.memtable_prefix_bloom_size_ratio = 0.02;
  family.max_write_buffer_number = 3;
  family.target_file_size_base = 32 * mib;  // a filter block of half a MiB: it has to fit a shard of the cache
  family.max_bytes_for_level_base = 128 * mib;
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

rocksdb::ColumnFamilyOptions expiring(rocksdb::ColumnFamilyOptions family, IsOver is_over,
                                      const std::shared_ptr<const Expiry>& expiry) {
  family.compaction_filter_factory = std::make_shared<ExpiryFilterFactory>(is_over, expiry);
  // Or entries that nobody asks for would lie in cold files for ever.
  family.periodic_compaction_seconds = std::chrono::seconds(std::chrono::days(1)).count();
  return family;
}

rocksdb::DBOptions common_options() {
  rocksdb::DBOptions database;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.max_open_files = 256;
  database.max_background_jobs = 2;
  database.max_total_wal_size = 32 * mib;
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  database.wal_bytes_per_sync = 512 * kib;
  database.bytes_per_sync = mib;
  database.allow_fallocate = false;               // an empty store is a small one
  database.avoid_unnecessary_blocking_io = true;  // event loops call us: they don't delete files
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  return database;
}

}  // namespace

DatabaseOptions database_options(std::uint64_t cache_bytes, const std::shared_ptr<const Expiry>& expiry,
                                 const LibraryEvents& events) {
  // Below 8 MiB the filter blocks don't fit, and every look-up of an unknown triplet reads them again. Nor would they
  // with the default of up to 64 shards, each then smaller than a filter block.
  const auto budget = std::max(cache_bytes, 8 * mib);
  const auto cache = rocksdb::NewLRUCache(budget, /*num_shard_bits=*/2);

  DatabaseOptions options{.database = common_options()};
  options.database.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(budget / 4, cache);
  options.database.listeners.push_back(std::make_shared<ErrorListener>(events));
  options.database.info_log = std::make_shared<ErrorLog>(events);

  const auto small = family_options(cache, mib);
  const auto large = family_options(cache, std::min(budget / 8, 16 * mib));
  options.families = {
      {rocksdb::kDefaultColumnFamilyName, small},
      {"triplets", expiring(large, record_is_over, expiry)},
      {"clients", expiring(small, credit_is_over, expiry)},
      {"lists", expiring(small, run_time_entry_is_over, expiry)},
      {"history", expiring(large, event_is_over, expiry)},
      {"reputations", expiring(small, reputation_is_over, expiry)},
  };
  return options;
}

}  // namespace greylist

#include "store/rocksdb_listing.h"

#include <memory>

#include "store/keys.h"
#include "store/record_codec.h"

namespace greylist {
namespace {

constexpr std::size_t entries_a_page = 2000;  // entries looked at

class Cursor {
 public:
  Cursor(Database& database, rocksdb::ColumnFamilyHandle* family) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    iterator_.reset(database.db->NewIterator(options, family));
  }
  void after(const std::string& key) {
    iterator_->Seek(key);
    if (iterator_->Valid() && iterator_->key() == rocksdb::Slice(key)) iterator_->Next();  // the anchor, at first
  }
  void at(const std::string& key) { iterator_->Seek(key); }
  bool valid() const { return iterator_->Valid(); }
  void next() { iterator_->Next(); }
  std::string_view key() const { return iterator_->key().ToStringView(); }
  std::string_view value() const { return iterator_->value().ToStringView(); }
  rocksdb::Status status() const { return iterator_->status(); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// Calls `take` with each key and value of a page. Where to go on; empty at the end.
template <class Take>
std::expected<std::string, rocksdb::Status> page(Cursor& cursor, const std::string& from, const Take& take) {
  cursor.after(from);
  for (std::size_t seen = 0; cursor.valid(); cursor.next()) {
    take(cursor.key(), cursor.value());
    if (++seen == entries_a_page) return std::string(cursor.key());
  }
  if (!cursor.status().ok()) return std::unexpected(cursor.status());
  return std::string();
}

}  // namespace

Listing::Found<EntryPage> Listing::entries(const std::string& from, const EntryFilter& wanted) const {
  EntryPage found;
  Cursor cursor(database_, database_.triplets());
  auto next = page(cursor, from, [&](std::string_view key, std::string_view value) {
    auto triplet = parse_triplet_key(key);
    auto record = decode_record(value);
    if (triplet && record && wanted(*triplet, *record))
      found.entries.push_back({*std::move(triplet), *std::move(record)});
  });
  if (!next) return std::unexpected(next.error());
  found.next = *std::move(next);
  return found;
}

Listing::Found<EarnerPage> Listing::earners(const std::string& from) const {
  EarnerPage found;
  Cursor cursor(database_, database_.clients());
  auto next = page(cursor, from, [&](std::string_view key, std::string_view value) {
    auto name = parse_credit_key(key);
    const auto credit = decode_credit(value);
    if (name && credit) found.earners.push_back({*std::move(name), *credit});
  });
  if (!next) return std::unexpected(next.error());
  found.next = *std::move(next);
  return found;
}

Listing::Found<std::vector<RunTimeEntry>> Listing::run_time_entries() const {
  std::vector<RunTimeEntry> found;
  Cursor cursor(database_, database_.lists());
  for (cursor.after(""); cursor.valid(); cursor.next()) {
    auto entry = parse_run_time_key(cursor.key());
    if (entry && decode_into(*entry, cursor.value())) found.push_back(*std::move(entry));
  }
  if (!cursor.status().ok()) return std::unexpected(cursor.status());
  return found;
}

Listing::Found<std::vector<ReputationChange>> Listing::reputations() const {
  std::vector<ReputationChange> found;
  Cursor cursor(database_, database_.reputations());
  for (cursor.after(""); cursor.valid(); cursor.next())
    if (const auto reputation = decode_reputation(cursor.value()))
      found.push_back({std::string(cursor.key()), reputation});
  if (!cursor.status().ok()) return std::unexpected(cursor.status());
  return found;
}

Listing::Found<std::vector<HistoryEvent>> Listing::history(const std::string& recipient, std::size_t most) const {
  std::vector<HistoryEvent> found;
  const auto prefix = history_prefix(recipient);
  Cursor cursor(database_, database_.history());
  for (cursor.at(prefix); cursor.valid() && cursor.key().starts_with(prefix) && found.size() < most; cursor.next()) {
    auto event = decode_event(cursor.value());
    if (!event) continue;
    event->recipient = recipient;
    found.push_back(*std::move(event));
  }
  if (!cursor.status().ok()) return std::unexpected(cursor.status());
  return found;
}

}  // namespace greylist

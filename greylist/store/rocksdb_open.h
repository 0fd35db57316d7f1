#pragma once
#include <rocksdb/db.h>

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/rocksdb_options.h"
#include "timestamp.h"

namespace greylist {

// Every family has an entry with this key, whose value says nothing.
inline constexpr std::string_view anchor_key;

// An open database; closed by its destructor, which waits for the library's threads.
struct Database {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;  // in the order of DatabaseOptions::families

  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  rocksdb::ColumnFamilyHandle* triplets() const { return families[1]; }
  rocksdb::ColumnFamilyHandle* clients() const { return families[2]; }
  rocksdb::ColumnFamilyHandle* lists() const { return families[3]; }
  rocksdb::ColumnFamilyHandle* history() const { return families[4]; }
  rocksdb::ColumnFamilyHandle* reputations() const { return families[5]; }
};

struct DatabasePlace {
  std::string path;
  DatabaseOptions options;
  std::function<Time()> clock;                 // for the name of what is moved aside
  std::function<void(std::string_view)> warn;  // every step that is not a plain opening
};

// The ladder: open; else repair and open; else move aside to PATH.broken-TIME and begin anew. A damage that plain
// opening doesn't notice is mended by beginning higher.
enum class Rung { open, repair, move_aside };

struct OpenFailure {
  bool locked = false;  // another process has it: nothing was touched
  std::string what;
};

// Makes missing directories (the last with mode 0700). A lack of space, of permission or of descriptors is not damage:
// it is reported, and nothing is repaired or moved. Neither is what isn't a directory: it is not ours.
std::expected<std::unique_ptr<Database>, OpenFailure> open_database(const DatabasePlace& place, Rung first);

}  // namespace greylist

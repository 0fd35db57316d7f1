#include "store/rocksdb_open.h"

#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace greylist {
namespace {

namespace fs = std::filesystem;
using Opened = std::expected<std::unique_ptr<Database>, rocksdb::Status>;

// The library reports an errno as text alone.
bool mentions(const rocksdb::Status& status, int error) {
  return status.ToString().contains(std::generic_category().message(error));
}

bool is_locked(const rocksdb::Status& status) {
  const auto text = status.ToString();
  return status.IsIOError() &&
         (text.contains("lock hold by") ||  // by this process
          (text.contains("While lock file") && (mentions(status, EAGAIN) || mentions(status, EACCES))));
}

// Whether the files are to blame. If the machine is, repairing would only do harm.
bool is_damage(const rocksdb::Status& status) {
  if (status.IsNoSpace() || status.IsMemoryLimit() || status.IsInvalidArgument() || status.IsNotSupported())
    return false;
  return std::ranges::none_of(std::array{EACCES, EPERM, EROFS, EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT},
                              [&](int error) { return mentions(status, error); });
}

OpenFailure failure(const rocksdb::Status& status) { return {.locked = is_locked(status), .what = status.ToString()}; }

std::expected<void, OpenFailure> make_directory(const fs::path& path) {
  const auto failed = [&](const std::string& why) {
    return std::unexpected(OpenFailure{.what = path.string() + ": " + why});
  };
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  fs::create_directories(path.parent_path(), error);
  if (error) return failed(error.message());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed(std::generic_category().message(errno));
  return {};
}

// Before opening, which does one thing and another to the directory before it looks at the lock.
rocksdb::Status try_lock(const std::string& path) {
  auto* const env = rocksdb::Env::Default();
  rocksdb::FileLock* lock = nullptr;
  if (auto status = env->LockFile(path + "/LOCK", &lock); !status.ok()) return status;
  return env->UnlockFile(lock);
}

// Without CURRENT, opening would take the directory for an empty one and delete the tables in it.
bool lost_current(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path / "CURRENT", error)) return false;
  return std::ranges::any_of(fs::directory_iterator(path, error), [](const fs::directory_entry& entry) {
    return entry.path().extension() == ".sst" || entry.path().filename().string().starts_with("MANIFEST-");
  });
}

// An entry with an empty key, which no other has, in a table of its family: RepairDB() learns of families by their
// tables alone, and throws away what the log holds for others.
rocksdb::Status anchor(const Database& database) {
  for (auto* const family : database.families) {
    std::string value;
    auto status = database.db->Get(rocksdb::ReadOptions(), family, anchor_key, &value);
    if (status.IsNotFound()) {
      status = database.db->Put(rocksdb::WriteOptions(), family, anchor_key, "");
      if (status.ok()) status = database.db->Flush(rocksdb::FlushOptions(), family);
    }
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

Opened open_files(const DatabasePlace& place) {
  if (lost_current(place.path)) return std::unexpected(rocksdb::Status::Corruption("CURRENT is missing"));
  auto database = std::make_unique<Database>();
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(place.options.database, place.path, place.options.families, &database->families, &db);
  if (!status.ok()) return std::unexpected(status);
  database->db.reset(db);
  status = anchor(*database);
  if (!status.ok()) return std::unexpected(status);
  return database;
}

Opened repair_files(const DatabasePlace& place) {
  const auto& [database, families] = place.options;
  const auto status = rocksdb::RepairDB(place.path, database, families, families.front().options);
  if (!status.ok()) return std::unexpected(status);
  return open_files(place);
}

// "20261122T070000Z"
std::string compact_utc(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

fs::path free_name(const std::string& wanted) {
  std::error_code error;
  fs::path name = wanted;
  for (int n = 2; fs::exists(fs::symlink_status(name, error)); ++n) name = wanted + "-" + std::to_string(n);
  return name;
}

std::expected<std::unique_ptr<Database>, OpenFailure> begin_anew(const DatabasePlace& place) {
  const auto aside = free_name(place.path + ".broken-" + compact_utc(place.clock()));
  std::error_code error;
  fs::rename(place.path, aside, error);
  if (error) return std::unexpected(OpenFailure{.what = "moving " + place.path + " aside: " + error.message()});
  place.warn(place.path + " was moved to " + aside.string() + "; a new store begins");
  if (auto made = make_directory(place.path); !made) return std::unexpected(made.error());
  auto opened = open_files(place);
  if (!opened) return std::unexpected(failure(opened.error()));
  return *std::move(opened);
}

}  // namespace

Database::~Database() {
  for (auto* const family : families) db->DestroyColumnFamilyHandle(family);
}

std::expected<std::unique_ptr<Database>, OpenFailure> open_database(const DatabasePlace& place, Rung first) {
  std::error_code error;
  if (const auto found = fs::status(place.path, error); fs::exists(found) && !fs::is_directory(found)) {
    place.warn(place.path + " is no directory");
    return begin_anew(place);
  }
  if (auto made = make_directory(place.path); !made) return std::unexpected(made.error());
  if (const auto status = try_lock(place.path); is_locked(status)) return std::unexpected(failure(status));

  const auto hopeless = [](const Opened& opened) { return is_locked(opened.error()) || !is_damage(opened.error()); };
  if (first <= Rung::open) {
    auto opened = open_files(place);
    if (opened) return *std::move(opened);
    if (hopeless(opened)) return std::unexpected(failure(opened.error()));
    place.warn(place.path + " can't be opened (" + opened.error().ToString() + "): repairing it");
  }
  if (first <= Rung::repair) {
    auto repaired = repair_files(place);
    if (repaired) {
      place.warn(place.path + " was repaired; files that could not be read are in " + place.path + "/lost");
      return *std::move(repaired);
    }
    if (hopeless(repaired)) return std::unexpected(failure(repaired.error()));
    place.warn(place.path + " can't be repaired (" + repaired.error().ToString() + ")");
  }
  return begin_anew(place);
}

}  // namespace greylist

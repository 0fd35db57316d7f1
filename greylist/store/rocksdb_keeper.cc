#include "store/rocksdb_keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <filesystem>
#include <utility>

namespace greylist {
namespace {

constexpr std::chrono::seconds tick{1};
constexpr unsigned retry_ticks = 3;  // between two tries to open what can't be opened

// The library recovers from a full disk by itself, as a rule within 6 s of there being space. Should it not, we ask it
// to, and at last open anew.
constexpr unsigned resume_after_ticks = 8, reopen_after_ticks = 12;
constexpr std::uintmax_t some_space = 4 << 20;

// A repair that didn't help isn't tried again so soon.
constexpr unsigned ticks_between_repairs = 600;

DatabasePlace make_place(const RocksDbOptions& options, const std::shared_ptr<const Expiry>& expiry,
                         const LibraryEvents& events) {
  auto path = std::filesystem::absolute(options.path).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "greylist/": what is moved aside goes beside it
  return {.path = path.string(),
          .options = database_options(options.cache_bytes, expiry, events),
          .clock = options.clock,
          .warn = options.warn};
}

bool has_space(const std::string& path) {
  std::error_code error;
  return std::filesystem::space(path, error).available >= some_space;
}

}  // namespace

Keeper::Keeper(const RocksDbOptions& options)
    : expiry_(std::make_shared<Expiry>(options.clock, options.limits)),
      place_(make_place(
          options, expiry_,
          {.background_error = [this](const rocksdb::Status& status) { heard(status); }, .log = options.warn})),
      ticks_since_repair_(ticks_between_repairs) {
  assert(options.clock);
}

Keeper::~Keeper() {
  maintenance_ = {};  // stops and joins
  if (database_) sync();
}

std::expected<void, StoreLocked> Keeper::open() {
  auto opened = open_database(place_, Rung::open);
  if (opened) {
    database_ = *std::move(opened);
  } else if (opened.error().locked) {
    return std::unexpected(StoreLocked{opened.error().what});
  } else {
    set_problem(opened.error().what);
    ticks_until_retry_ = retry_ticks;
  }
  maintenance_ = std::jthread([this](const std::stop_token& stop) { maintain(stop); });
  return {};
}

void Keeper::failed(const rocksdb::Status& status) {
  if (status.IsCorruption()) {
    suspect_ = true;
    return;
  }
  writes_fail_ = true;
  if (problem().empty()) set_problem(status.ToString());
}

void Keeper::heard(const rocksdb::Status& background_error) {
  if (background_error.severity() >= rocksdb::Status::kFatalError) {
    stopped_ = true;
    wake_.notify_one();
  } else if (background_error.severity() >= rocksdb::Status::kHardError) {
    writes_fail_ = true;
  }
}

std::string Keeper::problem() const {
  const std::lock_guard lock(problem_mutex_);
  return problem_;
}

void Keeper::set_problem(const std::string& problem) {
  {
    const std::lock_guard lock(problem_mutex_);
    if (problem_ == problem) return;
    problem_ = problem;
  }
  place_.warn(place_.path + ": " + (problem.empty() ? "works again" : problem));
}

void Keeper::maintain(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(wake_mutex_);
      wake_.wait_for(lock, stop, tick, [this] { return stopped_.load(); });
    }
    if (!stop.stop_requested()) look_after();
  }
}

void Keeper::look_after() {
  ++ticks_since_repair_;
  if (!database_) {
    if (ticks_until_retry_-- == 0) reopen(Rung::open);
  } else if (stopped_) {
    reopen(ticks_since_repair_ > ticks_between_repairs ? Rung::repair : Rung::move_aside);
  } else if (suspect_.exchange(false) && ticks_since_repair_ > ticks_between_repairs) {
    reopen(Rung::repair);
  } else {
    sync();
    look_after_failing_writes();
  }
}

// By our own descriptors: DB::FlushWAL() aborts the process if a write has failed just before (an assertion that
// Debian's build has), and a write with sync set would make all others wait.
void Keeper::sync() {
  if (!unsynced_.exchange(false)) return;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(place_.path, error)) {
    if (entry.path().extension() != ".log") continue;
    const int log = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (log < 0) continue;  // all that was in it lies in a table by now
    if (::fdatasync(log) != 0) set_problem("sync: " + std::generic_category().message(errno));
    ::close(log);
  }
}

// A write to the family that holds nothing else shows whether the disk takes them again.
void Keeper::look_after_failing_writes() {
  if (!writes_fail_) return;
  const auto probe = database_->db->Put(rocksdb::WriteOptions(), "probe", "");
  if (probe.ok()) {
    writes_fail_ = false;
    ticks_of_failure_ = 0;
    set_problem("");
    return;
  }
  if (problem().empty()) set_problem(probe.ToString());
  if (!has_space(place_.path)) {
    ticks_of_failure_ = 0;
  } else if (++ticks_of_failure_ >= reopen_after_ticks) {
    reopen(Rung::open);
  } else if (ticks_of_failure_ >= resume_after_ticks) {
    database_->db->Resume();
  }
}

void Keeper::reopen(Rung first) {
  if (database_) {
    set_problem(first == Rung::open ? "writes fail; opening again" : "damaged; repairing");
    std::unique_ptr<Database> closing;
    const auto held = stripes_.lock(Stripes::all);
    closing = std::move(database_);
  }
  if (first != Rung::open) ticks_since_repair_ = 0;
  suspect_ = writes_fail_ = stopped_ = false;
  ticks_of_failure_ = 0;

  auto opened = open_database(place_, first);
  if (!opened) {
    set_problem(opened.error().what);
    ticks_until_retry_ = retry_ticks;
    return;
  }
  {
    const auto held = stripes_.lock(Stripes::all);
    database_ = *std::move(opened);
  }
  set_problem("");
}

}  // namespace greylist

#include "store/rocksdb_store.h"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <mutex>
#include <type_traits>
#include <utility>

#include "store/history_buffer.h"
#include "store/keys.h"
#include "store/record_codec.h"
#include "store/rocksdb_keeper.h"
#include "store/rocksdb_listing.h"
#include "store/rocksdb_shelf.h"

namespace greylist {
namespace {

template <class T>
using Answer = std::expected<T, StoreError>;

template <class T>
Answer<T> answer(Step<T> done) {
  if (!done) return std::unexpected(std::get<StoreError>(std::move(done).error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(done);
  }
}

constexpr Stripes::Set any_stripe = 1;  // for what isn't judged by: it keeps the database open
constexpr std::chrono::milliseconds history_delay{500};

// One for a triplet under whatever identity, since a step may ask for all of them.
Stripes::Set stripe_of(const Triplet& triplet) { return Stripes::of(triplet.sender, triplet.recipient); }

Stripes::Set stripes_of(const Question& question) {
  auto stripes = stripe_of(question.triplet);
  if (!question.earner.empty()) stripes |= Stripes::of(credit_key(question.earner));
  for (const auto& other : question.also)
    if (!other.earner.empty()) stripes |= Stripes::of(credit_key(other.earner));
  return stripes;
}

class RocksDbStore final : public Store {
 public:
  explicit RocksDbStore(const RocksDbOptions& options) : keeper_(options) {}
  ~RocksDbStore() override {
    history_due_.cancel();
    pool_.join();
    write_history();
  }

  std::expected<void, StoreLocked> open() { return keeper_.open(); }

  asio::awaitable<Answer<Judgement>> attempt(Question question, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Answer<void>> delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Answer<void>> forget_credit(std::string earner) override;
  asio::awaitable<Answer<std::optional<Record>>> find(Triplet triplet) override;
  asio::awaitable<Answer<std::optional<Credit>>> find_credit(std::string earner) override;
  asio::awaitable<Answer<EntryPage>> scan(std::string from, EntryFilter wanted) override;
  asio::awaitable<Answer<EarnerPage>> scan_earners(std::string from) override;
  asio::awaitable<Answer<bool>> forget(Triplet triplet, EntryFilter if_still) override;
  asio::awaitable<Answer<void>> take_over(std::vector<Entry> entries, Time now, Limits limits) override;
  asio::awaitable<Answer<void>> take_over_earners(std::vector<Earner> earners, Time now, Limits limits) override;
  asio::awaitable<Answer<std::vector<RunTimeEntry>>> run_time_entries() override;
  asio::awaitable<Answer<void>> add(std::vector<RunTimeEntry> entries) override;
  asio::awaitable<Answer<bool>> remove(RunTimeEntry entry) override;
  asio::awaitable<Answer<std::vector<ReputationChange>>> reputations() override;
  asio::awaitable<Answer<void>> keep(std::vector<ReputationChange> changes) override;
  void note(HistoryEvent event) override;
  asio::awaitable<Answer<std::vector<HistoryEvent>>> history(std::string recipient, std::size_t most) override;
  void serve(asio::io_context&) override {}
  void leave(asio::io_context&) override {}
  void set_limits(const Limits& limits) override { keeper_.set_limits(limits); }
  StoreStatus status() const override;

  void compact();

 private:
  template <class T, class Act>
  Step<T> step(Reach reach, const Act& act);
  template <class T, class Act>
  Step<T> step_now(Stripes::Set stripes, const Act& act);
  template <class T, class Act>
  asio::awaitable<Answer<T>> run(Stripes::Set stripes, Act act);
  template <class T, class Work>
  asio::awaitable<T> on_pool(Work work);
  template <class T, class Look>
  asio::awaitable<Answer<T>> look(Stripes::Set stripes, Look look);
  template <class Act>
  asio::awaitable<Answer<void>> change(Stripes::Set stripes, Act act);
  void write_history();

  Keeper keeper_;
  std::atomic<std::uint64_t> errors_ = 0;
  HistoryBuffer history_;
  std::atomic<std::uint32_t> next_event_ = 0;
  asio::thread_pool pool_{2};
  std::mutex history_due_mutex_;
  asio::steady_timer history_due_{pool_};  // set by whoever adds the first event
};

// One step with the stripes held: `act` reads and puts, then what was put is written.
template <class T, class Act>
Step<T> RocksDbStore::step(Reach reach, const Act& act) {
  auto* const database = keeper_.database();
  if (!database) {
    ++errors_;
    return std::unexpected(StoreError{"no store: " + keeper_.problem()});
  }
  RocksDbShelf shelf(*database, reach, errors_);
  Step<T> done = act(shelf);
  if (done) {
    const auto status = shelf.commit();
    if (status.ok()) {
      if (shelf.wrote()) keeper_.wrote();
      return done;
    }
    done = std::unexpected(obstacle(status, reach));
  }
  if (std::holds_alternative<StoreError>(done.error())) {
    ++errors_;
    keeper_.failed(shelf.status());
  }
  return done;
}

template <class T, class Act>
Step<T> RocksDbStore::step_now(Stripes::Set stripes, const Act& act) {
  const auto held = keeper_.stripes().try_lock(stripes);
  if (!held) return std::unexpected(NeedsDisk{});
  return step<T>(Reach::memory, act);
}

template <class T, class Act>
asio::awaitable<Answer<T>> RocksDbStore::run(Stripes::Set stripes, Act act) {
  auto done = step_now<T>(stripes, act);
  if (done || std::holds_alternative<StoreError>(done.error())) co_return answer<T>(std::move(done));

  auto work = [this, stripes, &act] {
    const auto held = keeper_.stripes().lock(stripes);
    return answer<T>(step<T>(Reach::disk, act));
  };
  co_return co_await on_pool<Answer<T>>(std::move(work));
}

// Runs `work` on the pool and comes back to the caller's executor. The pool holds the waiting coroutine, so what `work`
// refers to in its frame lives.
template <class T, class Work>
asio::awaitable<T> RocksDbStore::on_pool(Work work) {
  auto initiate = [this, work = std::move(work)](auto waiting) mutable {
    auto home = asio::prefer(asio::get_associated_executor(waiting), asio::execution::outstanding_work.tracked);
    asio::post(pool_, [work = std::move(work), waiting = std::move(waiting), home = std::move(home)]() mutable {
      asio::post(home, [waiting = std::move(waiting), result = work()]() mutable { waiting(std::move(result)); });
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(T)>(std::move(initiate), asio::use_awaitable);
}

asio::awaitable<Answer<Judgement>> RocksDbStore::attempt(Question question, Time now, Limits limits, AutoAllow rule) {
  const auto stripes = stripes_of(question);
  return run<Judgement>(stripes, [question = std::move(question), now, limits, rule](RocksDbShelf& shelf) {
    return attempt_step(shelf, question, now, limits, rule);
  });
}

asio::awaitable<Answer<void>> RocksDbStore::delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) {
  Stripes::Set stripes = 0;
  for (const auto& earner : delivery.earners) stripes |= Stripes::of(credit_key(earner));
  for (const auto& triplet : delivery.triplets) stripes |= stripe_of(triplet);
  return run<void>(stripes, [delivery = std::move(delivery), now, limits, rule](RocksDbShelf& shelf) {
    return delivered_step(shelf, delivery, now, limits, rule);
  });
}

asio::awaitable<Answer<void>> RocksDbStore::forget_credit(std::string earner) {
  const auto stripes = Stripes::of(credit_key(earner));
  return run<void>(stripes, [earner = std::move(earner)](RocksDbShelf& shelf) {
    shelf.forget(earner);
    return Step<void>();
  });
}

asio::awaitable<Answer<std::optional<Record>>> RocksDbStore::find(Triplet triplet) {
  const auto stripes = stripe_of(triplet);
  return run<std::optional<Record>>(
      stripes, [triplet = std::move(triplet)](RocksDbShelf& shelf) { return shelf.record(triplet_key(triplet)); });
}

asio::awaitable<Answer<std::optional<Credit>>> RocksDbStore::find_credit(std::string earner) {
  const auto stripes = Stripes::of(credit_key(earner));
  return run<std::optional<Credit>>(stripes,
                                    [earner = std::move(earner)](RocksDbShelf& shelf) { return shelf.credit(earner); });
}

// Always on the pool: an administrator's question may read the disk, mail may not.
template <class T, class Look>
asio::awaitable<Answer<T>> RocksDbStore::look(Stripes::Set stripes, Look look) {
  auto work = [this, stripes, look = std::move(look)]() -> Answer<T> {
    const auto held = keeper_.stripes().lock(stripes);
    auto* const database = keeper_.database();
    if (!database) return std::unexpected(StoreError{"no store: " + keeper_.problem()});
    auto found = look(Listing(*database));
    if (found) return *std::move(found);
    ++errors_;
    keeper_.failed(found.error());
    return std::unexpected(StoreError{found.error().ToString()});
  };
  return on_pool<Answer<T>>(std::move(work));
}

// Likewise for what is written.
template <class Act>
asio::awaitable<Answer<void>> RocksDbStore::change(Stripes::Set stripes, Act act) {
  auto work = [this, stripes, act = std::move(act)] {
    const auto held = keeper_.stripes().lock(stripes);
    return answer<void>(step<void>(Reach::disk, act));
  };
  return on_pool<Answer<void>>(std::move(work));
}

asio::awaitable<Answer<EntryPage>> RocksDbStore::scan(std::string from, EntryFilter wanted) {
  return look<EntryPage>(any_stripe, [from = std::move(from), wanted = std::move(wanted)](const Listing& listing) {
    return listing.entries(from, wanted);
  });
}

asio::awaitable<Answer<EarnerPage>> RocksDbStore::scan_earners(std::string from) {
  return look<EarnerPage>(any_stripe,
                          [from = std::move(from)](const Listing& listing) { return listing.earners(from); });
}

asio::awaitable<Answer<bool>> RocksDbStore::forget(Triplet triplet, EntryFilter if_still) {
  const auto stripes = stripe_of(triplet);
  return run<bool>(stripes,
                   [triplet = std::move(triplet), if_still = std::move(if_still)](RocksDbShelf& shelf) -> Step<bool> {
                     const auto record = shelf.record(triplet_key(triplet));
                     if (!record) return std::unexpected(record.error());
                     if (!*record || !if_still(triplet, **record)) return false;
                     shelf.erase(triplet);
                     return true;
                   });
}

asio::awaitable<Answer<void>> RocksDbStore::take_over(std::vector<Entry> entries, Time now, Limits limits) {
  Stripes::Set stripes = 0;
  for (const auto& entry : entries) stripes |= stripe_of(entry.triplet);
  return change(stripes, [entries = std::move(entries), now, limits](RocksDbShelf& shelf) {
    return take_over_step(shelf, entries, now, limits);
  });
}

asio::awaitable<Answer<void>> RocksDbStore::take_over_earners(std::vector<Earner> earners, Time now, Limits limits) {
  Stripes::Set stripes = 0;
  for (const auto& earner : earners) stripes |= Stripes::of(credit_key(earner.name));
  return change(stripes, [earners = std::move(earners), now, limits](RocksDbShelf& shelf) {
    return take_over_step(shelf, earners, now, limits);
  });
}

asio::awaitable<Answer<std::vector<RunTimeEntry>>> RocksDbStore::run_time_entries() {
  return look<std::vector<RunTimeEntry>>(any_stripe, [](const Listing& listing) { return listing.run_time_entries(); });
}

asio::awaitable<Answer<void>> RocksDbStore::add(std::vector<RunTimeEntry> entries) {
  return change(any_stripe, [entries = std::move(entries)](RocksDbShelf& shelf) {
    for (const auto& entry : entries) shelf.put(entry);
    return Step<void>();
  });
}

asio::awaitable<Answer<bool>> RocksDbStore::remove(RunTimeEntry entry) {
  return run<bool>(any_stripe, [entry = std::move(entry)](RocksDbShelf& shelf) { return shelf.erase(entry); });
}

asio::awaitable<Answer<std::vector<ReputationChange>>> RocksDbStore::reputations() {
  return look<std::vector<ReputationChange>>(any_stripe, [](const Listing& listing) { return listing.reputations(); });
}

asio::awaitable<Answer<void>> RocksDbStore::keep(std::vector<ReputationChange> changes) {
  return change(any_stripe, [changes = std::move(changes)](RocksDbShelf& shelf) {
    for (const auto& change : changes) shelf.put(change);
    return Step<void>();
  });
}

void RocksDbStore::note(HistoryEvent event) {
  if (!history_.add(std::move(event))) return;
  const std::lock_guard lock(history_due_mutex_);
  history_due_.expires_after(history_delay);
  history_due_.async_wait([this](const std::error_code& error) {
    if (!error) write_history();
  });
}

// Its loss would be a pity and no more, so a failure is the store's own affair.
void RocksDbStore::write_history() {
  const auto events = history_.take();
  if (events.empty()) return;
  const auto held = keeper_.stripes().lock(any_stripe);
  [[maybe_unused]] const auto done = step<void>(Reach::disk, [&](RocksDbShelf& shelf) {
    for (const auto& event : events) shelf.put(event, next_event_++);
    return Step<void>();
  });
}

asio::awaitable<Answer<std::vector<HistoryEvent>>> RocksDbStore::history(std::string recipient, std::size_t most) {
  auto written = [this] { return write_history(), true; };
  co_await on_pool<bool>(std::move(written));
  co_return co_await look<std::vector<HistoryEvent>>(
      any_stripe,
      [recipient = std::move(recipient), most](const Listing& listing) { return listing.history(recipient, most); });
}

StoreStatus RocksDbStore::status() const {
  StoreStatus status{.engine = "rocksdb", .problem = keeper_.problem(), .errors = errors_};
  status.ok = status.problem.empty();
  const auto held = keeper_.stripes().try_lock_any();
  const auto* const database = held ? keeper_.database() : nullptr;
  if (!database) return status;

  const auto number = [&](rocksdb::ColumnFamilyHandle* family, const std::string& property) {
    std::uint64_t value = 0;
    return database->db->GetIntProperty(family, property, &value) ? value : 0;
  };
  const auto entries = number(database->triplets(), rocksdb::DB::Properties::kEstimateNumKeys);
  status.entries_estimate = entries > 0 ? entries - 1 : 0;  // the anchor is none
  for (auto* const family : database->families) {
    status.bytes += number(family, rocksdb::DB::Properties::kLiveSstFilesSize) +
                    number(family, rocksdb::DB::Properties::kSizeAllMemTables);
  }
  return status;
}

void RocksDbStore::compact() {
  const auto held = keeper_.stripes().lock(1);
  auto* const database = keeper_.database();
  if (!database) return;
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (auto* const family : {database->triplets(), database->clients()}) {
    if (const auto status = database->db->CompactRange(options, family, nullptr, nullptr); !status.ok()) {
      keeper_.failed(status);
    }
  }
}

}  // namespace

std::expected<std::unique_ptr<Store>, StoreLocked> open_rocksdb_store(const RocksDbOptions& options) {
  auto store = std::make_unique<RocksDbStore>(options);
  if (auto opened = store->open(); !opened) return std::unexpected(opened.error());
  return store;
}

void compact(Store& store) { dynamic_cast<RocksDbStore&>(store).compact(); }

}  // namespace greylist

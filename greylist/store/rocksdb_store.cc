#include "store/rocksdb_store.h"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <atomic>
#include <type_traits>
#include <utility>

#include "store/keys.h"
#include "store/rocksdb_keeper.h"
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

class RocksDbStore final : public Store {
 public:
  explicit RocksDbStore(const RocksDbOptions& options) : keeper_(options) {}
  ~RocksDbStore() override { pool_.join(); }

  std::expected<void, StoreLocked> open() { return keeper_.open(); }

  asio::awaitable<Answer<Judgement>> attempt(Question question, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Answer<void>> delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) override;
  asio::awaitable<Answer<void>> forget_credit(std::string earner) override;
  asio::awaitable<Answer<std::optional<Record>>> find(Triplet triplet) override;
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

  Keeper keeper_;
  std::atomic<std::uint64_t> errors_ = 0;
  asio::thread_pool pool_{2};
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
  auto stripes = Stripes::of(triplet_key(question.triplet));
  if (!question.earner.empty()) stripes |= Stripes::of(credit_key(question.earner));
  return run<Judgement>(stripes, [question = std::move(question), now, limits, rule](RocksDbShelf& shelf) {
    return attempt_step(shelf, question, now, limits, rule);
  });
}

asio::awaitable<Answer<void>> RocksDbStore::delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) {
  auto stripes = Stripes::of(credit_key(delivery.earner));
  for (const auto& triplet : delivery.triplets) stripes |= Stripes::of(triplet_key(triplet));
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
  const auto stripes = Stripes::of(triplet_key(triplet));
  return run<std::optional<Record>>(
      stripes, [triplet = std::move(triplet)](RocksDbShelf& shelf) { return shelf.record(triplet); });
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

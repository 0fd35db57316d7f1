#include "store/memory_store.h"

#include <mutex>
#include <unordered_map>

#include "store/keys.h"
#include "store/steps.h"

namespace greylist {
namespace {

class MemoryStore final : public Store, private Shelf {
 public:
  asio::awaitable<std::expected<Judgement, StoreError>> attempt(Question question, Time now, Limits limits,
                                                                AutoAllow rule) override {
    const std::lock_guard lock(mutex_);
    co_return attempt_step(*this, question, now, limits, rule).value();
  }

  asio::awaitable<std::expected<void, StoreError>> delivered(Delivery delivery, Time now, Limits limits,
                                                             AutoAllow rule) override {
    const std::lock_guard lock(mutex_);
    delivered_step(*this, delivery, now, limits, rule).value();
    co_return std::expected<void, StoreError>();
  }

  asio::awaitable<std::expected<void, StoreError>> forget_credit(std::string earner) override {
    const std::lock_guard lock(mutex_);
    credits_.erase(earner);
    co_return std::expected<void, StoreError>();
  }

  asio::awaitable<std::expected<std::optional<Record>, StoreError>> find(Triplet triplet) override {
    const std::lock_guard lock(mutex_);
    co_return record(triplet).value();
  }

  void set_limits(const Limits&) override {}  // nothing is swept; judge() sees what has expired

  StoreStatus status() const override {
    const std::lock_guard lock(mutex_);
    return {.engine = "memory", .entries_estimate = records_.size()};
  }

 private:
  Step<std::optional<Record>> record(const Triplet& triplet) override {
    const auto found = records_.find(triplet_key(triplet));
    return found == records_.end() ? std::nullopt : std::optional(found->second);
  }
  Step<std::optional<Credit>> credit(const std::string& earner) override {
    const auto found = credits_.find(earner);
    return found == credits_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(const Triplet& triplet, const Record& record) override {
    records_.insert_or_assign(triplet_key(triplet), record);
  }
  void put(const std::string& earner, const Credit& credit) override { credits_.insert_or_assign(earner, credit); }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Record> records_;
  std::unordered_map<std::string, Credit> credits_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace greylist

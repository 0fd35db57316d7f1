#include "store/memory_store.h"

#include <map>
#include <mutex>
#include <unordered_map>

#include "store/keys.h"
#include "store/steps.h"

namespace greylist {
namespace {

constexpr std::size_t page_size = 1000;

std::expected<void, StoreError> taken_over(const Step<void>& done) {
  if (done) return {};
  return std::unexpected(std::get<StoreError>(done.error()));
}

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
    co_return record(triplet_key(triplet)).value();
  }

  asio::awaitable<std::expected<std::optional<Credit>, StoreError>> find_credit(std::string earner) override {
    const std::lock_guard lock(mutex_);
    co_return credit(earner).value();
  }

  asio::awaitable<std::expected<EntryPage, StoreError>> scan(std::string from, EntryFilter wanted) override {
    const std::lock_guard lock(mutex_);
    EntryPage page;
    std::size_t seen = 0;
    for (auto at = records_.upper_bound(from); at != records_.end(); ++at) {
      const auto triplet = parse_triplet_key(at->first);
      if (wanted(*triplet, at->second)) page.entries.push_back({*triplet, at->second});
      if (++seen == page_size) {
        page.next = at->first;
        break;
      }
    }
    co_return page;
  }

  asio::awaitable<std::expected<EarnerPage, StoreError>> scan_earners(std::string) override {
    const std::lock_guard lock(mutex_);
    EarnerPage page;
    for (const auto& [name, credit] : credits_) page.earners.push_back({name, credit});
    co_return page;
  }

  asio::awaitable<std::expected<bool, StoreError>> forget(Triplet triplet, EntryFilter if_still) override {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(triplet_key(triplet));
    if (found == records_.end() || !if_still(triplet, found->second)) co_return false;
    records_.erase(found);
    co_return true;
  }

  asio::awaitable<std::expected<void, StoreError>> take_over(std::vector<Entry> entries, Time now,
                                                             Limits limits) override {
    const std::lock_guard lock(mutex_);
    co_return taken_over(take_over_step(*this, entries, now, limits));
  }

  asio::awaitable<std::expected<void, StoreError>> take_over_earners(std::vector<Earner> earners, Time now,
                                                                     Limits limits) override {
    const std::lock_guard lock(mutex_);
    co_return taken_over(take_over_step(*this, earners, now, limits));
  }

  asio::awaitable<std::expected<std::vector<RunTimeEntry>, StoreError>> run_time_entries() override {
    const std::lock_guard lock(mutex_);
    std::vector<RunTimeEntry> entries;
    entries.reserve(run_time_entries_.size());
    for (const auto& [key, entry] : run_time_entries_) entries.push_back(entry);
    co_return entries;
  }

  asio::awaitable<std::expected<void, StoreError>> add(std::vector<RunTimeEntry> entries) override {
    const std::lock_guard lock(mutex_);
    for (auto& entry : entries) run_time_entries_.insert_or_assign(run_time_key(entry), std::move(entry));
    co_return std::expected<void, StoreError>();
  }

  asio::awaitable<std::expected<bool, StoreError>> remove(RunTimeEntry entry) override {
    const std::lock_guard lock(mutex_);
    co_return run_time_entries_.erase(run_time_key(entry)) > 0;
  }

  asio::awaitable<std::expected<std::vector<ReputationChange>, StoreError>> reputations() override {
    const std::lock_guard lock(mutex_);
    std::vector<ReputationChange> all;
    all.reserve(reputations_.size());
    for (const auto& [identity, reputation] : reputations_) all.push_back({identity, reputation});
    co_return all;
  }

  asio::awaitable<std::expected<void, StoreError>> keep(std::vector<ReputationChange> changes) override {
    const std::lock_guard lock(mutex_);
    for (auto& [identity, reputation] : changes)
      if (reputation)
        reputations_.insert_or_assign(std::move(identity), *reputation);
      else
        reputations_.erase(identity);
    co_return std::expected<void, StoreError>();
  }

  void note(HistoryEvent event) override {
    const std::lock_guard lock(mutex_);
    auto key = history_key(event.recipient, event.time, next_event_++);
    history_.insert_or_assign(std::move(key), std::move(event));
  }

  asio::awaitable<std::expected<std::vector<HistoryEvent>, StoreError>> history(std::string recipient,
                                                                                std::size_t most) override {
    const std::lock_guard lock(mutex_);
    std::vector<HistoryEvent> events;
    const auto prefix = history_prefix(recipient);
    for (auto at = history_.lower_bound(prefix); at != history_.end() && events.size() < most; ++at) {
      if (!at->first.starts_with(prefix)) break;
      events.push_back(at->second);
    }
    co_return events;
  }

  void serve(asio::io_context&) override {}
  void leave(asio::io_context&) override {}
  void set_limits(const Limits&) override {}  // nothing is swept; judge() sees what has expired

  StoreStatus status() const override {
    const std::lock_guard lock(mutex_);
    return {.engine = "memory", .entries_estimate = records_.size()};
  }

 private:
  Step<std::optional<Record>> record(const std::string& key) override {
    const auto found = records_.find(key);
    return found == records_.end() ? std::nullopt : std::optional(found->second);
  }
  Step<std::optional<Credit>> credit(const std::string& earner) override {
    const auto found = credits_.find(earner);
    return found == credits_.end() ? std::nullopt : std::optional(found->second);
  }
  void put(const std::string& key, const Record& record) override { records_.insert_or_assign(key, record); }
  void put(const std::string& earner, const Credit& credit) override { credits_.insert_or_assign(earner, credit); }

  mutable std::mutex mutex_;
  std::map<std::string, Record> records_;
  std::unordered_map<std::string, Credit> credits_;
  std::map<std::string, RunTimeEntry> run_time_entries_;
  std::map<std::string, Reputation> reputations_;
  std::map<std::string, HistoryEvent> history_;
  std::uint32_t next_event_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace greylist

#include "store/fallback_store.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/this_coro.hpp>
#include <atomic>
#include <utility>

namespace greylist {
namespace {

template <class T>
using Answer = std::expected<T, StoreError>;

bool passes(Verdict verdict) {
  return verdict == Verdict::retried || verdict == Verdict::known || verdict == Verdict::auto_allowed;
}

constexpr std::chrono::minutes slowest_answer{1};
constexpr std::chrono::days longest_wait{2};      // of a retry
constexpr std::chrono::seconds after_failure{5};  // of a hand-over, until the next
constexpr std::size_t at_once = 100;              // entries that are handed over, so that mail has its turn between

// Whether it came here, and not to the shared store: all but a mirrored one, whose passing was not a retry's.
bool is_ours(const Record& record, Time since) {
  return record.last_seen >= since && record.passed != record.first_seen;
}

class FallbackStore final : public Store {
 public:
  FallbackStore(std::unique_ptr<Store> shared, std::unique_ptr<Store> local, std::function<Time()> clock)
      : shared_(std::move(shared)),
        local_(std::move(local)),
        clock_(std::move(clock)),
        behind_since_(clock_() - longest_wait) {}

  asio::awaitable<Answer<Judgement>> attempt(Question question, Time now, Limits limits, AutoAllow rule) override {
    if (behind_) co_await catch_up(question, now, limits);
    auto judgement = co_await shared_->attempt(question, now, limits, rule);
    if (!judgement) {
      fall_back(now);
      auto local = co_await local_->attempt(std::move(question), now, limits, rule);
      co_return local ? std::move(local) : std::move(judgement);
    }
    if (behind_ && clock_() >= next_hand_over_.load() && !handing_over_.exchange(true))
      asio::co_spawn(co_await asio::this_coro::executor, hand_over(limits), asio::detached);
    if (passes(judgement->verdict))
      asio::co_spawn(co_await asio::this_coro::executor, mirror(question.triplet, *judgement, now, limits),
                     asio::detached);
    co_return judgement;
  }

  asio::awaitable<Answer<void>> delivered(Delivery delivery, Time now, Limits limits, AutoAllow rule) override {
    auto done = co_await shared_->delivered(delivery, now, limits, rule);
    if (!done) {
      fall_back(now);
      auto local = co_await local_->delivered(std::move(delivery), now, limits, rule);
      co_return local ? std::move(local) : std::move(done);
    }
    co_return done;
  }

  asio::awaitable<Answer<void>> forget_credit(std::string earner) override {
    co_await local_->forget_credit(earner);
    co_return co_await shared_->forget_credit(std::move(earner));
  }

  asio::awaitable<Answer<std::optional<Record>>> find(Triplet triplet) override {
    auto record = co_await shared_->find(triplet);
    co_return record ? std::move(record) : co_await local_->find(std::move(triplet));
  }

  asio::awaitable<Answer<std::optional<Credit>>> find_credit(std::string earner) override {
    auto credit = co_await shared_->find_credit(earner);
    co_return credit ? std::move(credit) : co_await local_->find_credit(std::move(earner));
  }

  asio::awaitable<Answer<EntryPage>> scan(std::string from, EntryFilter wanted) override {
    return shared_->scan(std::move(from), std::move(wanted));
  }
  asio::awaitable<Answer<EarnerPage>> scan_earners(std::string from) override {
    return shared_->scan_earners(std::move(from));
  }
  asio::awaitable<Answer<bool>> forget(Triplet triplet, EntryFilter if_still) override {
    co_await local_->forget(triplet, if_still);
    co_return co_await shared_->forget(std::move(triplet), std::move(if_still));
  }
  asio::awaitable<Answer<void>> take_over(std::vector<Entry> entries, Time now, Limits limits) override {
    return shared_->take_over(std::move(entries), now, limits);
  }
  asio::awaitable<Answer<void>> take_over_earners(std::vector<Earner> earners, Time now, Limits limits) override {
    return shared_->take_over_earners(std::move(earners), now, limits);
  }
  asio::awaitable<Answer<std::vector<RunTimeEntry>>> run_time_entries() override { return shared_->run_time_entries(); }
  asio::awaitable<Answer<void>> add(std::vector<RunTimeEntry> entries) override {
    return shared_->add(std::move(entries));
  }
  asio::awaitable<Answer<bool>> remove(RunTimeEntry entry) override { return shared_->remove(std::move(entry)); }
  asio::awaitable<Answer<std::vector<ReputationChange>>> reputations() override { return shared_->reputations(); }
  asio::awaitable<Answer<void>> keep(std::vector<ReputationChange> changes) override {
    return shared_->keep(std::move(changes));
  }

  void note(HistoryEvent event) override { (shared_->status().ok ? shared_ : local_)->note(std::move(event)); }

  asio::awaitable<Answer<std::vector<HistoryEvent>>> history(std::string recipient, std::size_t most) override {
    auto local = co_await local_->history(recipient, most);
    auto shared = co_await shared_->history(std::move(recipient), most);
    if (!shared || !local) co_return shared ? std::move(shared) : std::move(local);
    std::vector<HistoryEvent> all;
    all.reserve(shared->size() + local->size());
    std::ranges::merge(*shared, *local, std::back_inserter(all), std::ranges::greater(), &HistoryEvent::time,
                       &HistoryEvent::time);
    all.resize(std::min(all.size(), most));
    co_return all;
  }

  void serve(asio::io_context& loop) override { shared_->serve(loop); }
  void leave(asio::io_context& loop) override {
    leaving_ = true;
    shared_->leave(loop);
  }
  void set_limits(const Limits& limits) override {
    shared_->set_limits(limits);
    local_->set_limits(limits);
  }

  StoreStatus status() const override {
    auto status = shared_->status();
    const auto local = local_->status();
    status.errors += local.errors;
    if (!status.ok && local.ok) status.stand_in = local.engine;
    return status;
  }

 private:
  // Who asks may have begun a moment ago, or wait for another part of its answer.
  void fall_back(Time now) {
    last_used_ = clock_();
    if (!behind_.exchange(true)) behind_since_ = now - slowest_answer;
  }

  // What the local store knows of this triplet goes first.
  asio::awaitable<void> catch_up(const Question& question, Time now, const Limits& limits) {
    std::vector<Entry> entries;
    for (const auto& identity : identities_of(question)) {
      auto triplet = under(identity, question.triplet);
      const auto record = co_await local_->find(triplet);
      const bool is_news = record && *record && !expired(**record, now, limits) && is_ours(**record, behind_since_);
      if (is_news) entries.push_back({std::move(triplet), **record});
    }
    if (!entries.empty()) co_await shared_->take_over(std::move(entries), now, limits);
  }

  // All that it has learned since it stood in.
  asio::awaitable<void> hand_over(Limits limits) {
    const auto since = behind_since_.load();
    const auto began = clock_();
    if (co_await hand_over_entries(since, limits) && co_await hand_over_earners(since, limits)) {
      behind_ = false;
      if (last_used_.load() >= began) behind_ = true;  // another outage meanwhile
    } else {
      next_hand_over_ = clock_() + after_failure;
    }
    handing_over_ = false;
  }

  asio::awaitable<bool> hand_over_entries(Time since, Limits limits) {
    std::string from;
    do {
      const EntryFilter wanted = [since](const Triplet&, const Record& record) { return is_ours(record, since); };
      auto page = co_await local_->scan(from, wanted);
      if (!page) co_return false;
      from = std::move(page->next);
      auto& entries = page->entries;
      while (!entries.empty()) {
        const auto first = entries.end() - static_cast<std::ptrdiff_t>(std::min(entries.size(), at_once));
        std::vector<Entry> some(std::make_move_iterator(first), std::make_move_iterator(entries.end()));
        entries.erase(first, entries.end());
        if (leaving_ || !co_await shared_->take_over(std::move(some), clock_(), limits)) co_return false;
      }
    } while (!from.empty());
    co_return true;
  }

  asio::awaitable<bool> hand_over_earners(Time since, Limits limits) {
    std::string from;
    do {
      auto page = co_await local_->scan_earners(from);
      if (!page || leaving_) co_return false;
      from = std::move(page->next);
      std::erase_if(page->earners, [since](const Earner& earner) { return earner.credit.last_counted < since; });
      if (page->earners.empty()) continue;
      const auto done = co_await shared_->take_over_earners(std::move(page->earners), clock_(), limits);
      if (!done) co_return false;
    } while (!from.empty());
    co_return true;
  }

  // Not each use of what is known: it need only live as long.
  asio::awaitable<void> mirror(Triplet triplet, Judgement judgement, Time now, Limits limits) {
    const auto there = co_await local_->find(triplet);
    if (!there) co_return;
    if (*there && (*there)->passed && now - (*there)->last_seen < limits.lifetime / 64) co_return;
    auto& record = judgement.record;
    if (!record.passed) record = {.first_seen = now, .passed = now, .last_seen = now, .last_client = {}};
    std::vector<Entry> one;
    one.push_back({std::move(triplet), std::move(record)});
    co_await local_->take_over(std::move(one), now, limits);
  }

  const std::unique_ptr<Store> shared_, local_;
  const std::function<Time()> clock_;
  // The local store may know what the shared one doesn't: at the start, from before it.
  std::atomic<bool> behind_ = true;
  std::atomic<Time> behind_since_, last_used_ = Time(), next_hand_over_ = Time();
  std::atomic<bool> handing_over_ = false, leaving_ = false;
};

}  // namespace

std::unique_ptr<Store> make_fallback_store(std::unique_ptr<Store> shared, std::unique_ptr<Store> local,
                                           std::function<Time()> clock) {
  return std::make_unique<FallbackStore>(std::move(shared), std::move(local), std::move(clock));
}

}  // namespace greylist

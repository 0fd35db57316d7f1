#pragma once
#include <string>
#include <utility>

#include "greylist/store/store.h"

namespace greylist::test {

// A store whose next calls fail on demand: what do we do when the disk doesn't answer? A failed call changes nothing.
class FaultyStore final : public Store {
 public:
  explicit FaultyStore(Store& inner) : inner_(inner) {}

  int failures = 0;  // how many of the next calls fail

  asio::awaitable<std::expected<Judgement, StoreError>> attempt(Question question, Time now, Limits limits,
                                                                AutoAllow rule) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.attempt(std::move(question), now, limits, rule);
  }
  asio::awaitable<std::expected<void, StoreError>> delivered(Delivery delivery, Time now, Limits limits,
                                                             AutoAllow rule) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.delivered(std::move(delivery), now, limits, rule);
  }
  asio::awaitable<std::expected<void, StoreError>> forget_credit(std::string earner) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.forget_credit(std::move(earner));
  }
  asio::awaitable<std::expected<std::optional<Record>, StoreError>> find(Triplet triplet) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.find(std::move(triplet));
  }
  asio::awaitable<std::expected<std::optional<Credit>, StoreError>> find_credit(std::string earner) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.find_credit(std::move(earner));
  }
  asio::awaitable<std::expected<EntryPage, StoreError>> scan(std::string from, EntryFilter wanted) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.scan(std::move(from), std::move(wanted));
  }
  asio::awaitable<std::expected<EarnerPage, StoreError>> scan_earners(std::string from) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.scan_earners(std::move(from));
  }
  asio::awaitable<std::expected<bool, StoreError>> forget(Triplet triplet, EntryFilter if_still) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.forget(std::move(triplet), std::move(if_still));
  }
  asio::awaitable<std::expected<void, StoreError>> take_over(std::vector<Entry> entries, Time now,
                                                             Limits limits) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.take_over(std::move(entries), now, limits);
  }
  asio::awaitable<std::expected<void, StoreError>> take_over_earners(std::vector<Earner> earners, Time now,
                                                                     Limits limits) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.take_over_earners(std::move(earners), now, limits);
  }
  asio::awaitable<std::expected<std::vector<RunTimeEntry>, StoreError>> run_time_entries() override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.run_time_entries();
  }
  asio::awaitable<std::expected<void, StoreError>> add(std::vector<RunTimeEntry> entries) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.add(std::move(entries));
  }
  asio::awaitable<std::expected<bool, StoreError>> remove(RunTimeEntry entry) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.remove(std::move(entry));
  }
  asio::awaitable<std::expected<std::vector<ReputationChange>, StoreError>> reputations() override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.reputations();
  }
  asio::awaitable<std::expected<void, StoreError>> keep(std::vector<ReputationChange> changes) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.keep(std::move(changes));
  }
  void note(HistoryEvent event) override { inner_.note(std::move(event)); }
  asio::awaitable<std::expected<std::vector<HistoryEvent>, StoreError>> history(std::string recipient,
                                                                                std::size_t most) override {
    if (trip()) co_return std::unexpected(injected());
    co_return co_await inner_.history(std::move(recipient), most);
  }
  void serve(asio::io_context& loop) override { inner_.serve(loop); }
  void leave(asio::io_context& loop) override { inner_.leave(loop); }
  void set_limits(const Limits& limits) override { inner_.set_limits(limits); }
  StoreStatus status() const override {
    auto status = inner_.status();
    status.errors += errors_;
    if (failures > 0) {
      status.ok = false;
      status.problem = injected().what;
    }
    return status;
  }

 private:
  static StoreError injected() { return {"injected failure"}; }
  bool trip() {
    if (failures == 0) return false;
    --failures;
    ++errors_;
    return true;
  }

  Store& inner_;
  std::uint64_t errors_ = 0;
};

}  // namespace greylist::test

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

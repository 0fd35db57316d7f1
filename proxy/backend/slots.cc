#include "proxy/backend/slots.h"

#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

namespace proxy {

// Waits on its own event loop; whoever frees a slot does so on another, and so only posts the news.
struct Slots::Waiter {
  asio::steady_timer timer;
  bool granted = false;  // guarded by mutex_
};

Slots::Slot Slots::try_take() {
  const std::lock_guard lock(mutex_);
  if (taken_ >= count_) return {};
  ++taken_;
  return Slot(*this);
}

asio::awaitable<Slots::Slot> Slots::take(std::chrono::steady_clock::time_point until, std::function<void()> waiting) {
  const auto executor = co_await asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(asio::steady_timer(executor, until));
  {
    const std::lock_guard lock(mutex_);
    if (taken_ < count_) {
      ++taken_;
      co_return Slot(*this);
    }
    line_.push_back(waiter);
  }
  if (waiting) waiting();
  co_await waiter->timer.async_wait(asio::experimental::as_tuple(asio::use_awaitable));
  const std::lock_guard lock(mutex_);
  if (waiter->granted) co_return Slot(*this);
  line_.remove(waiter);
  co_return Slot();
}

void Slots::release() {
  std::shared_ptr<Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    if (line_.empty()) {
      --taken_;
      return;
    }
    next = line_.front();  // the slot passes straight on: taken_ stays
    line_.pop_front();
    next->granted = true;
  }
  const auto executor = next->timer.get_executor();
  asio::post(executor, [next = std::move(next)] { next->timer.cancel(); });
}

void Slots::turn_away() {
  std::list<std::shared_ptr<Waiter>> line;
  {
    const std::lock_guard lock(mutex_);
    line.swap(line_);
  }
  for (auto& waiter : line) {
    const auto executor = waiter->timer.get_executor();
    asio::post(executor, [waiter] { waiter->timer.cancel(); });
  }
}

bool Slots::awaited() const {
  const std::lock_guard lock(mutex_);
  return !line_.empty();
}

unsigned Slots::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace proxy

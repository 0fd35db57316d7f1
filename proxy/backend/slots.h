#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace proxy {

// How many connections to one backend address may be open at once, over all event loops. Those who find none free wait
// in line. Thread-safe.
class Slots {
 public:
  class Slot {
   public:
    Slot() = default;
    explicit Slot(Slots& owner) : owner_(&owner) {}
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Slot() {
      if (owner_) owner_->release();
    }
    explicit operator bool() const { return owner_ != nullptr; }

   private:
    Slots* owner_ = nullptr;
  };

  explicit Slots(unsigned count) : count_(count) {}

  Slot try_take();
  // No slot if none came free by then. `waiting` is called if there is none now: whoever frees one after that frees it
  // for us.
  asio::awaitable<Slot> take(std::chrono::steady_clock::time_point until, std::function<void()> waiting = {});
  unsigned taken() const;
  bool awaited() const;  // somebody waits in line
  void turn_away();      // those who wait now get none, so that they can end

 private:
  struct Waiter;
  void release();

  mutable std::mutex mutex_;
  unsigned count_;
  unsigned taken_ = 0;
  std::list<std::shared_ptr<Waiter>> line_;
};

}  // namespace proxy

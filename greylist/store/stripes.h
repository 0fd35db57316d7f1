#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

namespace greylist {

// Mutexes for many keys: whoever holds a key's stripe is alone with that key. Several stripes are locked in one order,
// so that nobody waits in a circle.
class Stripes {
 public:
  using Set = std::uint32_t;  // one bit a stripe
  static constexpr Set all = ~Set{0};
  static Set of(std::string_view key, std::string_view more = {}) {
    constexpr std::hash<std::string_view> hash;
    return Set{1} << (hash(key) * 31 + hash(more)) % count;
  }

  // Stripes held by this thread until the end of the scope; false if they couldn't be had.
  class [[nodiscard]] Held {
   public:
    Held() = default;
    Held(Stripes& stripes, Set set) : stripes_(&stripes), set_(set) {}
    Held(Held&& other) noexcept : stripes_(std::exchange(other.stripes_, nullptr)), set_(other.set_) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (stripes_) stripes_->unlock(set_);
    }
    explicit operator bool() const { return stripes_; }

   private:
    Stripes* stripes_ = nullptr;
    Set set_ = 0;
  };

  Held lock(Set set) {
    for (std::size_t i = 0; i < count; ++i) {
      if (set >> i & 1) stripes_[i].mutex.lock();
    }
    return {*this, set};
  }

  Held try_lock(Set set) {
    for (std::size_t i = 0; i < count; ++i) {
      if ((set >> i & 1) && !stripes_[i].mutex.try_lock()) {
        unlock(set & ((Set{1} << i) - 1));
        return {};
      }
    }
    return {*this, set};
  }

  // Some one stripe, if any is free: enough where only what all stripes guard together is looked at.
  Held try_lock_any() {
    for (std::size_t i = 0; i < count; ++i) {
      if (stripes_[i].mutex.try_lock()) return {*this, Set{1} << i};
    }
    return {};
  }

 private:
  static constexpr std::size_t count = 32;
  struct alignas(64) Stripe {  // a cache line each
    std::mutex mutex;
  };

  void unlock(Set set) {
    for (std::size_t i = 0; i < count; ++i) {
      if (set >> i & 1) stripes_[i].mutex.unlock();
    }
  }

  std::array<Stripe, count> stripes_;
};

}  // namespace greylist

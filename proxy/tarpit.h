#pragma once
#include <atomic>
#include <optional>
#include <utility>

namespace proxy {

// How many clients are kept waiting for a refusal (greylist.tarpit), over all event loops: each of them costs a
// connection. Thread-safe.
class Tarpit {
 public:
  // Held for as long as one client is kept waiting.
  class Place {
   public:
    explicit Place(std::atomic<unsigned>& taken) : taken_(&taken) {}
    Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (taken_) --*taken_;
    }

   private:
    std::atomic<unsigned>* taken_;
  };

  // Nothing if `most` are kept waiting already.
  std::optional<Place> enter(unsigned most) {
    std::optional<Place> place(std::in_place, taken_);
    if (taken_++ >= most) place.reset();
    return place;
  }
  unsigned taken() const { return taken_; }

 private:
  std::atomic<unsigned> taken_ = 0;
};

}  // namespace proxy

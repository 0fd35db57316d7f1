#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "history.h"

namespace greylist {

// Events that were noted and aren't written yet: bounded, since a store that is stuck must not fill memory.
// Thread-safe.
class HistoryBuffer {
 public:
  // True if it was empty: somebody should see to its being written.
  bool add(HistoryEvent event) {
    const std::lock_guard lock(mutex_);
    if (events_.size() < most) events_.push_back(std::move(event));
    return events_.size() == 1;
  }
  std::vector<HistoryEvent> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  static constexpr std::size_t most = 20'000;
  std::mutex mutex_;
  std::vector<HistoryEvent> events_;
};

}  // namespace greylist

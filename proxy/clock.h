#pragma once
#include "greylist/timestamp.h"

namespace proxy {

// The only door to the time of day. Any thread may ask.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual greylist::Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  greylist::Time now() const override {
    return std::chrono::time_point_cast<greylist::Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace proxy

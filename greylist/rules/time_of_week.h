#pragma once
#include <bitset>
#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "timestamp.h"

namespace greylist {

// Days of the week and hours of the day, in UTC: "Mon-Fri 08:00-18:00", "Sat-Sun", "22:00-06:00". Hours that end before
// they begin run past midnight, and belong to the day on which they began.
class TimeOfWeek {
 public:
  // The error says what would be right.
  static std::expected<TimeOfWeek, std::string> parse(std::string_view text);
  bool contains(Time time) const;

 private:
  std::bitset<7> days_;  // from Monday on
  std::chrono::minutes from_{0}, to_{24 * 60};
};

}  // namespace greylist

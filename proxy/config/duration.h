#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "greylist/rules/rate.h"

namespace proxy {

// A whole number and a unit, nothing between them: "250ms", "90s", "5m", "1h", "2d"; zero also as "0". Nothing for any
// other text, a negative number, or more than a hundred years (sums with a time of day must not overflow).
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Attempts and a period of at least a second and at most 30 days: "100/1h".
std::optional<greylist::Rate> parse_rate(std::string_view text);

// The same in the largest unit that says it exactly: 300 s is "5m", 90 s is "90s", zero is "0s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace proxy

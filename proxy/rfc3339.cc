#include "proxy/rfc3339.h"

#include <array>
#include <cstdio>

namespace proxy {
namespace {

using greylist::Time;
using std::chrono::floor;

// So many digits of `text`, which loses them.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == any_of.npos) return false;
  text.remove_prefix(1);
  return true;
}

std::chrono::milliseconds fraction(std::string_view& text) {
  int value = 0, scale = 100;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    value += (text[0] - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return std::chrono::milliseconds(value);
}

std::optional<std::chrono::minutes> offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  const bool west = !text.empty() && text[0] == '-';
  if (!skip(text, "+-")) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || !text.empty()) return std::nullopt;
  const auto whole = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return west ? -whole : whole;
}

}  // namespace

std::string time_text(Time time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 48> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Time> parse_time(std::string_view text) {
  const auto year = number(text, 4);
  if (!year || !skip(text, "-")) return std::nullopt;
  const auto month = number(text, 2);
  if (!month || !skip(text, "-")) return std::nullopt;
  const auto day = number(text, 2);
  if (!day || !skip(text, "Tt ")) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || !skip(text, ":")) return std::nullopt;
  const auto seconds = number(text, 2);
  if (!seconds) return std::nullopt;
  std::chrono::milliseconds part{0};
  if (skip(text, ".")) part = fraction(text);
  const auto east = offset(text);
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!east || !date.ok() || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hours) +
              std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds) + part - *east);
}

}  // namespace proxy

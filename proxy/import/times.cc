#include "proxy/import/times.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "greylist/ascii.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;
using std::chrono::seconds;

constexpr greylist::Time beyond = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Exactly so many digits.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  const auto digits = text.substr(0, count);
  if (digits.size() < count || !std::ranges::all_of(digits, ascii::digit)) return {};
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  text.remove_prefix(count);
  return value;
}

void take_fraction(std::string_view& text) {
  if (!take(text, '.')) return;
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
}

std::optional<seconds> take_time_of_day(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return {};
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return {};
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

std::optional<seconds> take_offset(std::string_view& text) {
  const bool west = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return seconds(0);
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 15) return {};
  const auto minutes = take(text, ':') ? take_digits(text, 2) : 0;
  if (!minutes) return {};
  const seconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<greylist::Time> epoch_seconds(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  if (error != std::errc()) return {};
  take_fraction(text);
  if (!text.empty() || count < 0 || count >= beyond.time_since_epoch() / seconds(1)) return {};
  return greylist::Time(seconds(count));
}

std::optional<greylist::Time> sql_timestamp(std::string_view text) {
  if (const auto time = epoch_seconds(text)) return time;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return {};
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return {};
  const auto day = take_digits(text, 2);
  if (!day || (!take(text, ' ') && !take(text, 'T'))) return {};
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970) return {};
  const auto time_of_day = take_time_of_day(text);
  take_fraction(text);
  const auto offset = take_offset(text);
  if (!time_of_day || !offset || !text.empty()) return {};
  const greylist::Time time = std::chrono::sys_days(date) + *time_of_day - *offset;
  if (time < greylist::Time() || time >= beyond) return {};
  return time;
}

}  // namespace proxy

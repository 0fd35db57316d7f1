#include "rules/time_of_week.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ascii.h"

namespace greylist {
namespace {

using std::chrono::minutes;

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::string_view form = "days and hours such as \"Mon-Fri 08:00-18:00\", \"Sat\" or \"22:00-06:00\"";

std::optional<std::size_t> parse_day(std::string_view text) {
  const auto found = std::ranges::find_if(day_names, [&](auto name) { return ascii::equal_ignoring_case(name, text); });
  if (found == day_names.end()) return std::nullopt;
  return found - day_names.begin();
}

std::optional<minutes> parse_clock(std::string_view text) {
  const auto digit = [&](std::size_t at) { return ascii::digit(text[at]) ? text[at] - '0' : -1; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0, 1, 3, 4})
    if (digit(at) < 0) return std::nullopt;
  const int hours = digit(0) * 10 + digit(1), past = digit(3) * 10 + digit(4);
  if (past > 59 || hours > 24 || (hours == 24 && past > 0)) return std::nullopt;
  return minutes(hours * 60 + past);
}

// "a-b", or "a" alone as both.
std::pair<std::string_view, std::string_view> ends(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == text.npos) return {text, text};
  return {text.substr(0, dash), text.substr(dash + 1)};
}

}  // namespace

std::expected<TimeOfWeek, std::string> TimeOfWeek::parse(std::string_view text) {
  const auto wrong = std::unexpected(std::string(form));
  TimeOfWeek week;
  const auto space = text.find(' ');
  const bool has_days = !text.empty() && !ascii::digit(text.front());
  const auto days = has_days ? text.substr(0, space) : std::string_view();
  const auto hours = !has_days ? text : space == text.npos ? std::string_view() : text.substr(space + 1);
  if (has_days) {
    const auto [first, last] = ends(days);
    const auto from = parse_day(first), to = parse_day(last);
    if (!from || !to) return wrong;
    for (auto day = *from;; day = (day + 1) % 7) {
      week.days_.set(day);
      if (day == *to) break;
    }
  } else {
    week.days_.set();
  }
  if (hours.empty()) return has_days && space == text.npos ? std::expected<TimeOfWeek, std::string>(week) : wrong;
  const auto [begin, end] = ends(hours);
  const auto from = parse_clock(begin), to = parse_clock(end);
  if (!from || !to || *from == *to) return wrong;
  week.from_ = *from;
  week.to_ = *to;
  return week;
}

bool TimeOfWeek::contains(Time time) const {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto clock = std::chrono::floor<minutes>(time - day);
  const auto today = std::chrono::weekday(day).iso_encoding() - 1;  // Monday is 0
  if (from_ < to_) return days_[today] && from_ <= clock && clock < to_;
  return (days_[today] && clock >= from_) || (days_[(today + 6) % 7] && clock < to_);
}

}  // namespace greylist

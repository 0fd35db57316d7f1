#include "proxy/config/duration.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace proxy {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                           Unit{"ms", 1}};
constexpr std::int64_t hundred_years = 36'525 * units.front().milliseconds;

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(rest, text.data() + text.size());
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    if (number > static_cast<std::uint64_t>(hundred_years / unit.milliseconds)) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(number) * unit.milliseconds);
  }
  return std::nullopt;
}

std::optional<greylist::Rate> parse_rate(std::string_view text) {
  greylist::Rate rate;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), rate.attempts);
  const std::string_view per(rest, text.data() + text.size());
  if (error != std::errc() || !per.starts_with('/')) return std::nullopt;
  const auto period = parse_duration(per.substr(1));
  if (!period || *period < std::chrono::seconds(1) || *period > std::chrono::days(30)) return std::nullopt;
  rate.period = *period;
  return rate;
}

std::string duration_text(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const auto& unit : units)
    if (count % unit.milliseconds == 0) return std::to_string(count / unit.milliseconds).append(unit.name);
  return std::to_string(count) + "ms";
}

}  // namespace proxy

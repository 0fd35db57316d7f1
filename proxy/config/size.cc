#include "proxy/config/size.h"

#include <array>
#include <charconv>
#include <limits>

namespace proxy {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t octets;
};
constexpr std::array units{Unit{"GiB", 1ull << 30},
                           Unit{"MiB", 1ull << 20},
                           Unit{"KiB", 1ull << 10},
                           Unit{"GB", 1'000'000'000},
                           Unit{"MB", 1'000'000},
                           Unit{"kB", 1'000},
                           Unit{"B", 1},
                           Unit{"", 1}};
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view name(rest, text.data() + text.size());
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    if (number > largest / unit.octets) return std::nullopt;
    return number * unit.octets;
  }
  return std::nullopt;
}

std::string size_text(std::uint64_t octets) {
  if (octets == 0) return "0";
  for (const auto& unit : units)
    if (unit.octets > 1 && octets % unit.octets == 0) return std::to_string(octets / unit.octets).append(unit.name);
  return std::to_string(octets);
}

}  // namespace proxy

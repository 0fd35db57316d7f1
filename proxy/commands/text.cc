#include "proxy/commands/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "smtp/utf8.h"

#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using CodePoint = std::uint32_t;

struct CodePoints {
  CodePoint first, last;
};

template <std::size_t size>
bool within(CodePoint c, const std::array<CodePoints, size>& ranges) {
  return std::ranges::any_of(ranges, [c](const CodePoints& range) { return c >= range.first && c <= range.last; });
}

// C0, DEL and C1; then line and paragraph separators and the marks, embeddings, overrides and isolates of bidirectional
// text (Unicode Standard Annex #9, section 2).
constexpr std::array steering{CodePoints{0, 0x1F},        CodePoints{0x7F, 0x9F},     CodePoints{0x061C, 0x061C},
                              CodePoints{0x200E, 0x200F}, CodePoints{0x2028, 0x202E}, CodePoints{0x2066, 0x2069}};
constexpr std::array combining{CodePoints{0x0300, 0x036F}, CodePoints{0x1AB0, 0x1AFF}, CodePoints{0x200B, 0x200D},
                               CodePoints{0x20D0, 0x20FF}, CodePoints{0xFE00, 0xFE0F}, CodePoints{0xFE20, 0xFE2F}};
constexpr std::array wide{CodePoints{0x1100, 0x115F},   CodePoints{0x2E80, 0x303E},  CodePoints{0x3041, 0xA4CF},
                          CodePoints{0xAC00, 0xD7A3},   CodePoints{0xF900, 0xFAFF},  CodePoints{0xFE30, 0xFE6F},
                          CodePoints{0xFF00, 0xFF60},   CodePoints{0xFFE0, 0xFFE6},  CodePoints{0x1F300, 0x1F64F},
                          CodePoints{0x1F900, 0x1F9FF}, CodePoints{0x20000, 0x3FFFD}};

// The value of one well-formed character.
CodePoint code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  CodePoint value = first & (0x7FU >> character.size());
  for (const char c : character.substr(1)) value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

// Nearly everything is: then there is nothing to look up.
bool plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

// Calls with each character of `text`, and with an empty one for each octet that is in none.
template <class Each>
void for_each_character(std::string_view text, const Each& each) {
  while (!text.empty()) {
    const auto size = smtp::utf8_character(text);
    each(text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

}  // namespace

std::string printable(std::string_view text) {
  if (plain(text)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  for_each_character(text, [&](std::string_view character) {
    if (character.empty())
      result += "\uFFFD";
    else if (const auto c = code_point(character); within(c, steering))
      result += fmt::format("\\u{:04x}", c);
    else
      result += character;
  });
  return result;
}

std::size_t columns(std::string_view text) {
  if (plain(text)) return text.size();
  std::size_t sum = 0;
  for_each_character(text, [&](std::string_view character) {
    const auto c = character.empty() ? 0xFFFD : code_point(character);
    sum += within(c, combining) ? 0 : within(c, wide) ? 2 : 1;
  });
  return sum;
}

std::string age_text(std::chrono::milliseconds age) {
  using std::chrono::duration_cast, std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
  if (age >= days(2)) return fmt::format("{}d", duration_cast<days>(age).count());
  if (age >= hours(2)) return fmt::format("{}h", duration_cast<hours>(age).count());
  if (age >= minutes(2)) return fmt::format("{}m", duration_cast<minutes>(age).count());
  return fmt::format("{}s", duration_cast<seconds>(age).count());
}

std::string ago_text(greylist::Time time, greylist::Time now) {
  const auto age = now - time;
  if (std::chrono::abs(age) < std::chrono::seconds(1)) return "now";
  if (age.count() > 0) return age_text(age) + " ago";
  return "in " + age_text(std::chrono::ceil<std::chrono::seconds>(-age));
}

std::string clock_text(greylist::Time time) {
  auto text = time_text(time).substr(0, std::string_view("2026-11-22T10:00:02").size());
  text[std::string_view("2026-11-22").size()] = ' ';
  return text;
}

std::string count_text(std::uint64_t count) {
  auto digits = std::to_string(count);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string about_octets(std::uint64_t octets) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (octets < 1024) return fmt::format("{} B", octets);
  auto value = static_cast<double>(octets) / 1024;
  std::size_t unit = 0;
  for (; value >= 1023.95; value /= 1024) ++unit;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace proxy

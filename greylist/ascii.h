#pragma once
#include <algorithm>
#include <string>
#include <string_view>

// Letters and digits as protocols mean them: ASCII, whatever the locale.
namespace greylist::ascii {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool hex_digit(char c) { return digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }
constexpr bool alphanumeric(char c) { return digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }
constexpr bool control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr bool beyond(char c) { return static_cast<unsigned char>(c) >= 0x80; }  // an octet of a UTF-8 sequence

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

}  // namespace greylist::ascii

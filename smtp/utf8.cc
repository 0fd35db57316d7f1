#include "utf8.h"

#include <cstdint>

namespace smtp {

namespace {

bool within(std::string_view text, std::size_t at, unsigned low, unsigned high) {
  if (at >= text.size()) return false;
  const auto octet = static_cast<std::uint8_t>(text[at]);
  return octet >= low && octet <= high;
}

}  // namespace

// The ranges are the rows of RFC 3629 §4.
std::size_t utf8_character(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<std::uint8_t>(text.front());
  const auto tail = [&](std::size_t at) { return within(text, at, 0x80, 0xbf); };
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool second = within(text, 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool second = within(text, 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto octets = utf8_character(text);
    if (octets == 0) return false;
    text.remove_prefix(octets);
  }
  return true;
}

}  // namespace smtp

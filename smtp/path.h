#pragma once
#include <expected>
#include <string_view>

#include "address.h"

namespace smtp {

// A reverse-path or forward-path and what stands behind it.
struct Path {
  Address address;        // without brackets and source route; null for <>
  std::string_view rest;  // the parameters, unread
};

// Reads the path at the front of `text` (RFC 5321 §4.1.2), which begins with neither blank nor colon. Wider than the
// grammar: brackets may be missing, dots and any printable octets stand anywhere in a local part of any length, quoted
// strings may be mixed with atoms and hold control characters (but NUL, CR and LF), a domain may be missing or end in a
// dot. A source route is read and left out (§3.6.1, Appendix C). The error says what is wrong, for a 501.
std::expected<Path, std::string_view> parse_path(std::string_view text);

}  // namespace smtp

#pragma once
#include <cstddef>
#include <string_view>

namespace smtp {

// How many octets the character at the front of `text` has; 0 if none stands there, or no text (RFC 3629 §4).
std::size_t utf8_character(std::string_view text);

// Well-formed UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view text);

}  // namespace smtp

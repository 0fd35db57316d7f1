#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// Octets: a whole number and, directly after it, B, kB MB GB (powers of 1000), KiB MiB GiB (powers of 1024) or nothing.
// Nothing for any other text or a size of 2^63 and more (the largest that a SIZE parameter or a BDAT may name).
std::optional<std::uint64_t> parse_size(std::string_view text);

// The same in the largest unit that says it exactly, binary units first: "64MiB", "10MB", "1500".
std::string size_text(std::uint64_t octets);

}  // namespace proxy

#pragma once
#include <string_view>

namespace proxy {

std::string_view without_trailing_dot(std::string_view name);

// A name with at least two labels, as the DNS can be asked for it: labels of 1 to 63 octets, 253 octets in all (RFC
// 1035 §2.3.4), not counting a trailing dot.
bool is_fully_qualified(std::string_view name);

// A host name as can be shown, logged and matched: letters, digits, "-" and "_" in labels of 1 to 63 octets, 253 octets
// in all, not counting a trailing dot.
bool is_host_name(std::string_view name);

// Whether both are the same name, or `name` is below `domain`, in any case.
bool is_same_or_below(std::string_view name, std::string_view domain);

}  // namespace proxy

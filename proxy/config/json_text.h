#pragma once
#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "proxy/config/load.h"

namespace proxy {

// JSON (RFC 8259) with // and /* */ comments. Problems: a syntax error with its line and column, and every key that
// stands twice in one object, which JSON leaves undefined (RFC 8259 §4).
std::expected<nlohmann::ordered_json, ConfigProblems> parse_json_text(std::string_view text);

}  // namespace proxy

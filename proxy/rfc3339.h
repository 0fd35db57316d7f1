#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "greylist/timestamp.h"

namespace proxy {

// Times as people and programs exchange them (RFC 3339), to the millisecond.
std::string time_text(greylist::Time time);                       // "2026-11-22T10:00:02.125Z"
std::optional<greylist::Time> parse_time(std::string_view text);  // with or without a fraction; "Z" or "+01:00"

}  // namespace proxy

#pragma once
#include <optional>
#include <string_view>

#include "greylist/timestamp.h"

namespace proxy {

// Seconds since 1970, a fraction after a dot is dropped. Nothing before 1970 or beyond the year 9999.
std::optional<greylist::Time> epoch_seconds(std::string_view text);

// What a database writes for a timestamp: epoch seconds (SQLite) or "2024-05-06 07:08:09", with or without a fraction
// and an offset (+02, +02:00). Without an offset it is taken as UTC: what mysqldump writes; PostgreSQL's local time is
// hours off then, which is nothing beside the days that entries live.
std::optional<greylist::Time> sql_timestamp(std::string_view text);

}  // namespace proxy

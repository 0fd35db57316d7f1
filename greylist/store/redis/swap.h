#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/redis/resp.h"
#include "timestamp.h"

namespace greylist::redis {

// One key's part in a swap. A value is never empty: that stands for "not there".
struct Place {
  std::string key;
  std::string expected;                // empty: it isn't there
  std::optional<std::string> becomes;  // nullopt: it stays; empty: it goes
  Duration time_to_live{};             // of what it becomes
};

bool changes_anything(const std::vector<Place>& places);

// Compare and set, of several keys in one hash slot: what is put is put only if all of them, those that stay as well,
// are still as expected. So a step of the store is the same code whatever the engine: it is taken on what was read, and
// written if nobody was faster.
std::string swap_command(const std::vector<Place>& places);
// The same for a server that hasn't heard of the script, which answered NOSCRIPT.
std::string swap_in_full(const std::vector<Place>& places);

// nullopt: done. Else what is there instead, place by place; nothing was changed. The error: this is no answer to a
// swap of so many.
std::expected<std::optional<std::vector<std::string>>, std::string> swapped(Reply answer, std::size_t places);

std::string_view swap_script();
std::string_view swap_script_sha1();  // of its text, as the server computes it

}  // namespace greylist::redis

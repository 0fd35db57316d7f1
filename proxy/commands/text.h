#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "greylist/timestamp.h"

// How the commands word things for people.
namespace proxy {

// Safe on a terminal: what could steer it (control characters, C1 too, and those that turn the direction of writing) as
// JSON writes it, "\u001b"; what isn't UTF-8 as U+FFFD. So JSON without line feeds stays the same JSON.
std::string printable(std::string_view text);

// How many columns of a terminal it takes: East Asian characters and pictures two, combining marks none.
std::size_t columns(std::string_view text);

std::string age_text(std::chrono::milliseconds age);            // "12s", "3m", "2h", "5d": the largest unit alone
std::string ago_text(greylist::Time time, greylist::Time now);  // "3m ago", "in 3m", "now"
std::string clock_text(greylist::Time time);                    // "2026-11-22 10:00:02", in UTC
std::string count_text(std::uint64_t count);                    // "1,204,000"
std::string about_octets(std::uint64_t octets);                 // "1.2 MiB"

}  // namespace proxy

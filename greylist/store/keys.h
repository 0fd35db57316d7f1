#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lists/run_time_entry.h"
#include "timestamp.h"
#include "triplet.h"

namespace greylist {

// Keys are readable, since administrators ask for entries by name:
//
//   triplets   SENDER TAB RECIPIENT TAB IDENTITY   the null sender is empty
//   clients    EARNER
//   lists      allow|block TAB CLIENT TAB SENDER TAB RECIPIENT, a condition that isn't given empty
//   reputations   IDENTITY
//   history    RECIPIENT TAB, then 8 octets of time, the latest first, and 4 that tell events of one time apart
//
// What one attempt is known under, identity by identity, is side by side: to write the second costs next to nothing. In
// a part, control characters, DEL and '%' are written %XX (a quoted local part may contain them).
std::string triplet_key(const Triplet& triplet);
std::string triplet_key(std::string_view sender, std::string_view recipient, std::string_view identity);
std::optional<Triplet> parse_triplet_key(std::string_view key);  // nullopt: no key that triplet_key() makes

std::string credit_key(std::string_view earner);
std::optional<std::string> parse_credit_key(std::string_view key);

std::string run_time_key(const RunTimeEntry& entry);
std::optional<RunTimeEntry> parse_run_time_key(std::string_view key);  // its list and conditions

std::string history_prefix(std::string_view recipient);
std::string history_key(std::string_view recipient, Time time, std::uint32_t number);

}  // namespace greylist

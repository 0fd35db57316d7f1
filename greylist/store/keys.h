#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "triplet.h"

namespace greylist {

// Keys are readable, since administrators ask for entries by name:
//
//   triplets   IDENTITY TAB SENDER TAB RECIPIENT   the null sender is empty
//   clients    EARNER
//
// They sort by the client's identity, so one client's entries are one range. In a part, control characters, DEL and '%'
// are written %XX (a quoted local part may contain them).
std::string triplet_key(const Triplet& triplet);
std::string identity_prefix(std::string_view identity);  // what the keys of all triplets of `identity` begin with
std::optional<Triplet> parse_triplet_key(std::string_view key);  // nullopt: no key that triplet_key() makes

std::string credit_key(std::string_view earner);

}  // namespace greylist

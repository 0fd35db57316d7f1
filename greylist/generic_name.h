#pragma once
#include <string_view>

#include "ip_address.h"

namespace greylist {

// Whether a reverse name is one that a provider gives to addresses by the thousand ("dsl-203-0-113-7.example.net",
// "c0000207.pool.example.net"): the part before the organisational domain says of what kind the line is, or spells the
// client's address. It says no more of a client than the address does. Both names in lower case.
bool is_generic_name(std::string_view name, std::string_view organisation, const IpAddress& client);

}  // namespace greylist

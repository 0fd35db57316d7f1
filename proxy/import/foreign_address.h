#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace proxy {

// Whether this can be an address that a client gave us and we took: readable, of a sensible length, in UTF-8, its local
// part in quotes where it needs them. An address literal ("bob@[192.0.2.1]") and one without a domain ("postmaster")
// are taken.
bool readable_address(std::string_view address);
bool readable_address_with_domain(std::string_view address);

// The sender of a postgrey key such that keyed_sender() gives for it what it gives for the live address. postgrey takes
// out sub-addresses, BATV tags and numbers, which become '#'. The error says why that can't be undone.
std::expected<std::string, std::string> restored_sender(std::string_view stored);

}  // namespace proxy

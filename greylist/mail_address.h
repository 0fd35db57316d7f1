#pragma once
#include <string>
#include <string_view>

namespace greylist {

// The two sides of an address as the client wrote it (no angle brackets, no source route), split at the last unquoted
// '@'. Views into the text that was split.
struct AddressParts {
  std::string_view local;
  std::string_view domain;
  bool has_domain = false;  // there was an '@'
};
AddressParts split_address(std::string_view address);

// Non-empty, of the characters that need no quotes (atext of RFC 5322 §3.2.3 and RFC 6531 §3.3, and dots anywhere).
bool is_plain(std::string_view local);

// The content of a local part: of a quoted string (RFC 5321 §4.1.2) without its quotes and backslashes, else as it is.
std::string unquoted(std::string_view local);

// The one spelling that stands for all equal ones: without quotes if it can do without ("bob"@ is bob@, RFC 5321
// §4.1.2), else with as few backslashes as possible. What isn't a proper quoted string stays as it is.
std::string canonical_local_part(std::string_view local);

// <postmaster> without a domain, in any case (RFC 5321 §4.5.1).
bool is_bare_postmaster(const AddressParts& address);

}  // namespace greylist

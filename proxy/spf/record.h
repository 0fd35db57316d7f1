#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/ip_address.h"
#include "greylist/rules/evidence.h"
#include "proxy/spf/macro.h"

namespace proxy {

using SpfResult = greylist::Spf;

// A mechanism and what it means if it matches (RFC 7208 §4.6.2).
struct SpfDirective {
  enum class Mechanism { all, include, a, mx, ptr, ip4, ip6, exists };
  SpfResult meaning = SpfResult::pass;
  Mechanism mechanism = Mechanism::all;
  std::optional<SpfDomain> domain;               // of include, a, mx, ptr, exists; nullopt: the record's own
  greylist::Network network{};                   // of ip4 and ip6
  unsigned ipv4_prefix = 32, ipv6_prefix = 128;  // of a and mx
};

std::string_view word(SpfDirective::Mechanism mechanism);

// A domain's SPF record. Its explanation is checked, not kept: nobody is refused for SPF alone.
struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<SpfDomain> redirect;  // never beside an `all`, which leaves it without effect (RFC 7208 §6.1)
};

// Whether a TXT record's text claims to be SPF (RFC 7208 §4.5).
bool is_spf_record(std::string_view text);

// All of it must be well-formed (RFC 7208 §4.6); the error quotes the first term that isn't.
std::expected<SpfRecord, std::string> parse_spf_record(std::string_view text);

// Whether passing by this record proves little about who the client is: it lets everybody pass (`+all`), trusts names
// that clients give themselves (`ptr`), or its own mechanisms name more than 2^20 IPv4 addresses or an IPv6 network
// wider than a /29. What it includes is judged by itself.
bool is_too_wide(const SpfRecord& record);

}  // namespace proxy

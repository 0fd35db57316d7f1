#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "greylist/identity.h"
#include "greylist/ip_address.h"
#include "greylist/rules/evidence.h"
#include "greylist/timestamp.h"
#include "smtp/address.h"

namespace proxy {

// A recipient that somebody asked for, and what the DNS had to say about it.
struct TracedAttempt {
  greylist::Time time;
  greylist::IpAddress client;
  std::string helo;
  smtp::Address sender, recipient;
  greylist::Proof proof;
  greylist::Evidence evidence;
};

// A line of a trace: a JSON object with `time` (RFC 3339, or seconds since 1970), `client`, `helo`, `sender`,
// `recipient` and, as far as they are known, `spf` (RFC 7208 §2.6: what it says of the sender's domain, or of the HELO
// name for the null sender), `rdns` (the client's forward-confirmed name), `fcrdns` (why it has none: "fail", "none"),
// `dns_lists` (names of those that have it on them, as the configuration calls them) `tls` (the version) and
// `early_talker` ("yes"). Lines of our own log are such, or tell of something else: nullopt. The error says what is
// wrong with which member.
std::expected<std::optional<TracedAttempt>, std::string> parse_traced_attempt(std::string_view line);

}  // namespace proxy

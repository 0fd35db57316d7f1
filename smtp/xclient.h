#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy_header.h"

// Postfix's XCLIENT (XCLIENT_README): telling a backend who the client really is.
namespace smtp {

struct ClientIdentity {
  enum class Name { confirmed, unavailable, temporarily_unavailable };
  Endpoint client, destination;  // destination: where the client connected to
  Name name_state = Name::unavailable;
  std::string name;          // the forward-confirmed reverse name
  std::string reverse_name;  // confirmed or not; the same if confirmed
  std::string helo;
  bool esmtp = true;
};

// The commands, each with its CRLF and at most 512 octets, with the attributes of `listed` (capitals) as far as we know
// them; values in xtext. One command where they fit; else ADDR and NAME go in the last, since after them some backends
// take us for the client.
std::vector<std::string> xclient_commands(const ClientIdentity& identity, const std::vector<std::string>& listed);

std::string xtext(std::string_view value);  // RFC 3461 §4

}  // namespace smtp

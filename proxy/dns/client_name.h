#pragma once
#include <string>

#include "greylist/rules/evidence.h"

namespace proxy {

// A client's forward-confirmed reverse name: the PTR name whose own addresses include the client's (RFC 8601 §2.7.3,
// "iprev").
struct ClientName {
  enum class Outcome { confirmed, none, temporary_failure };
  Outcome outcome = Outcome::none;
  std::string name;     // lower case, no trailing dot; only if confirmed
  std::string reverse;  // likewise, what a PTR record says, confirmed or not; empty: none is known
  bool operator==(const ClientName&) const = default;
};

greylist::NameEvidence evidence_of(const ClientName& name);

}  // namespace proxy

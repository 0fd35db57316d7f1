#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reply.h"

namespace smtp {

// The service extensions that matter to the proxy, as a server's EHLO reply lists them.
struct Extensions {
  bool pipelining = false;             // RFC 2920
  bool enhanced_status_codes = false;  // RFC 2034
  bool starttls = false;               // RFC 3207
  bool eight_bit_mime = false;         // RFC 6152
  bool smtp_utf8 = false;              // RFC 6531
  bool dsn = false;                    // RFC 3461
  bool chunking = false;               // RFC 3030
  std::optional<std::uint64_t> size;   // RFC 1870; octets, 0: offered without a fixed limit
  std::vector<std::string> xclient;    // attribute names in capitals, in the order listed; empty: not offered

  bool operator==(const Extensions&) const = default;
};

// Reads a positive EHLO reply; keywords in any case, unknown ones passed over ("XCLIENT NAME ADDR", "SIZE 1000",
// "SIZE", "250-SIZE=…" is not a keyword).
Extensions parse_ehlo(const Reply& reply);

// What both offer: flags and'ed; size the smaller limit where both have one, else whichever has; xclient dropped.
Extensions intersect(const Extensions& a, const Extensions& b);

}  // namespace smtp

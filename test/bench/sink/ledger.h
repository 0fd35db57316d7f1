#pragma once
#include <cstdint>

namespace bench {

// What the sink was told, all connections together.
struct Ledger {
  std::uint64_t connections = 0, identified = 0;  // identified: by XCLIENT or a PROXY header
  std::uint64_t put_off = 0, recipients = 0;      // answered with 450, with 250
  std::uint64_t messages = 0, octets = 0;         // of content, up to its end; octets without the final dot's line
};

}  // namespace bench

#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "proxy/import/imported.h"

namespace proxy {

// Reads the keys and values of postgrey's databases, as postgrey 1.37 and those before it wrote them:
//
//   postgrey.db           CLIENT/SENDER/RECIPIENT → FIRST,LAST      all in lower case, times in epoch seconds
//   postgrey_clients.db   CLIENT                  → COUNT,LAST
//
// CLIENT is the first address of the /24 or /64, an address with its length (192.0.2.7/32, --lookup-by-host), or the
// former with the last octet of the address behind the times (before 1.35). What --privacy made is a SHA-1 hash in hex.
class PostgreyEntries {
 public:
  // postgrey takes a triplet as passed when LAST is at least its --delay after FIRST, but doesn't store that delay:
  // this is its default. Under a longer one, some clients are let in that retried early; under a shorter one, some have
  // to wait once more.
  static constexpr std::chrono::seconds delay{300};

  explicit PostgreyEntries(const Take& take) : tally_(take) {}

  void add(std::string_view key, std::string_view value);
  void damaged() { tally_.leave_out("the entry can't be read from the file"); }
  // An error if there was nothing but hashes, or nothing that postgrey writes.
  std::expected<ImportReport, std::string> report() const;

 private:
  void add_triplet(std::string_view key, std::size_t slash, std::string_view value);
  void add_earner(std::string_view client, std::string_view value);
  void leave_out_foreign();

  ImportTally tally_;
  std::uint64_t entries_ = 0, hashed_ = 0, foreign_ = 0;
};

}  // namespace proxy

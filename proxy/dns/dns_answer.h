#pragma once
#include <asio/ip/address.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace proxy {

enum class DnsType { a, aaaa, mx, ptr, txt };

// What came of one DNS question.
struct DnsAnswer {
  enum class Outcome {
    found,    // at least one record of the type asked for
    nothing,  // the DNS knows that there is none: no such name, or no record of the type
    failed,   // nobody could say: no answer, or none that can be read
  };
  Outcome outcome = Outcome::failed;
  std::string error = "no answer in time";   // unless found
  std::vector<std::string> names;            // of PTR records, as they came; of MX records, the preferred first
  std::vector<asio::ip::address> addresses;  // of A and AAAA records
  std::vector<std::string> texts;            // of TXT records, each one's strings in one
  std::chrono::seconds lifetime{0};          // for which others may be told so (RFC 1035 §3.2.1, RFC 2308 §5)
};

}  // namespace proxy

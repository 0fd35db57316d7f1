#pragma once
#include <asio/ip/address.hpp>
#include <string>
#include <vector>

namespace proxy {

// What came of one DNS question.
struct DnsAnswer {
  enum class Outcome {
    found,    // at least one record of the type asked for
    nothing,  // the DNS knows that there is none: no such name, or no record of the type
    failed,   // nobody could say: no answer, or none that can be read
  };
  Outcome outcome = Outcome::failed;
  std::string error = "no answer in time";   // unless found
  std::vector<std::string> names;            // of PTR records, as they came
  std::vector<asio::ip::address> addresses;  // of A and AAAA records
};

}  // namespace proxy

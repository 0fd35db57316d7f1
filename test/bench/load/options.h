#pragma once
#include <cstdint>
#include <expected>
#include <string>

namespace bench {

// What the load generator is asked to do.
struct Options {
  enum class Mode { put_off, relay, idle } mode = Mode::put_off;
  std::uint16_t port = 0;
  int sessions = 1000, at_once = 20;
  int per_second = 0;         // begun at that pace; 0: as fast as they go
  bool tls = false;           // STARTTLS, 1.3
  bool pipelined = false;     // MAIL, RCPT and QUIT of a put-off session in one write
  bool closes = false;        // the server closes after a put-off reply
  std::size_t size = 4096;    // of a relayed message, in octets
  std::string run = "bench";  // label of the senders' domain: those of two runs with different labels differ
  int first = 0;              // number of the first sender
  std::string recipient = "later@example.org";
  std::string proxy;  // address of the first client, told by a PROXY header, version 1; empty: no header
  int clients = 1;    // how many addresses from there on take turns
};

// Or what is wrong with them.
std::expected<Options, std::string> parse(int count, char** arguments);

}  // namespace bench

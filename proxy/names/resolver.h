#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace proxy {

struct ResolverOptions {
  std::vector<std::string> servers;          // "127.0.0.1:5353", "[::1]:53"; empty: the system's
  std::chrono::milliseconds timeout{2'000};  // for one whole question, however many packets it takes
};

// A client's forward-confirmed reverse name: the PTR name whose own addresses include the client's (RFC 8601 §2.7.3,
// "iprev").
struct ClientName {
  enum class Outcome { confirmed, none, temporary_failure };
  Outcome outcome = Outcome::none;
  std::string name;  // lower case, no trailing dot; only if confirmed
};

// Asks the DNS on c-ares, one channel to an event loop; used on that loop's thread alone. Never throws for what a DNS
// says or doesn't; every answer comes within the timeout.
class Resolver {
 public:
  Resolver(asio::io_context& loop, ResolverOptions options);
  ~Resolver();  // before the loop goes
  Resolver(const Resolver&) = delete;

  asio::awaitable<ClientName> confirmed_name(asio::ip::address client);
  // A and AAAA of a host, hosts file included; an address literal is its own answer. The error says what went wrong.
  asio::awaitable<std::expected<std::vector<asio::ip::address>, std::string>> addresses(std::string host);
  void reconfigure(ResolverOptions options);  // for questions asked from now on

 private:
  struct Channel;
  std::shared_ptr<Channel> channel_;
};

}  // namespace proxy

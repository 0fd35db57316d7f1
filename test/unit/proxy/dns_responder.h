#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

// A name server with a few records, on the loop of the test: UDP and TCP on one free port of 127.0.0.1. A name without
// records doesn't exist; one with records of other types has none of the type asked for. It must outlive the loop's
// running, not the loop.
class DnsResponder {
 public:
  enum class Fault {
    silent,
    servfail,
    truncated,  // over UDP: TC and no records; over TCP the whole answer
    garbage,    // the question's ID, then noise
    wrong_id,   // a fine answer to another question
    cut_short,  // a record that ends in the middle
  };

  explicit DnsResponder(asio::io_context& loop);

  std::string address() const;  // "127.0.0.1:40053"
  void pointer(std::string_view name, std::string_view target);
  void ipv4(std::string_view name, std::string_view address);
  void ipv6(std::string_view name, std::string_view address);
  void alias(std::string_view name, std::string_view target);              // CNAME; answered with the target's records
  void fault(std::string_view name, Fault fault, std::uint16_t type = 0);  // of questions for the type; 0: any

  unsigned questions() const { return questions_; }  // over UDP and TCP
  unsigned questions_over_tcp() const { return over_tcp_; }

 private:
  struct Record {
    std::uint16_t type;
    std::string content;  // as on the wire
  };
  asio::awaitable<void> serve_udp();
  asio::awaitable<void> serve_tcp();
  asio::awaitable<void> serve_tcp_client(asio::ip::tcp::socket client);
  std::string answer(std::string_view question, bool over_tcp);  // empty: none
  std::vector<std::string> records_for(const std::string& name, std::uint16_t type) const;

  asio::ip::udp::socket udp_;
  asio::ip::tcp::acceptor tcp_;
  std::multimap<std::string, Record> records_;
  std::map<std::pair<std::string, std::uint16_t>, Fault> faults_;
  unsigned questions_ = 0, over_tcp_ = 0;
};

}  // namespace proxy

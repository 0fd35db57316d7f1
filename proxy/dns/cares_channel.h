#pragma once
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/dns/dns_answer.h"

struct ares_channeldata;

namespace proxy {

struct ResolverOptions {
  std::vector<std::string> servers;          // "127.0.0.1:5353", "[::1]:53"; empty: the system's
  std::chrono::milliseconds timeout{2'000};  // for one whole question, however many packets it takes
};

// c-ares on an Asio loop: its sockets are watched and its clock is run by the loop. Used on that loop's thread alone.
// Every question is answered exactly once, perhaps inside the call, and roughly within the timeout; who needs a strict
// one keeps their own.
class CaresChannel : public std::enable_shared_from_this<CaresChannel> {
 public:
  using Done = std::function<void(DnsAnswer)>;
  enum class Family { ipv4, ipv6 };

  static std::shared_ptr<CaresChannel> open(asio::io_context& loop, const ResolverOptions& options);
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;

  void ask(const std::string& name, DnsType type, Done done);  // for the records of that very name
  // As applications resolve a host: the system's search domains apply.
  void resolve_host(const std::string& host, Family family, Done done);
  std::vector<asio::ip::address> in_hosts_file(const std::string& host) const;  // IPv4 first

  std::chrono::milliseconds timeout() const { return timeout_; }
  void close();  // questions under way, and all later ones, fail

 private:
  struct Question;
  struct Socket;
  enum Side : std::size_t { readable, writable };

  CaresChannel(asio::io_context& loop, std::chrono::milliseconds timeout);
  void initialise(const std::vector<std::string>& servers);
  void answered(std::unique_ptr<Question> question, DnsAnswer answer);
  void on_socket_state(int descriptor, bool read, bool write);
  void watch(const std::shared_ptr<Socket>& socket, Side side);
  void process(int readable_descriptor, int writable_descriptor);
  void wake_in(std::chrono::milliseconds time);
  std::chrono::milliseconds first_try() const;

  asio::io_context& loop_;
  const std::chrono::milliseconds timeout_;
  ares_channeldata* channel_ = nullptr;           // null: closed, or never opened
  std::string fault_ = "the resolver is closed";  // why, then
  std::map<int, std::shared_ptr<Socket>> sockets_;
  std::size_t under_way_ = 0;
  asio::steady_timer timer_;
  bool timer_set_ = false;
};

}  // namespace proxy

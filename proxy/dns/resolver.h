#pragma once
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/dns/cares_channel.h"
#include "proxy/dns/client_name.h"
#include "proxy/dns/dns_answer.h"
#include "proxy/dns/dns_deadline.h"
#include "proxy/dns/dns_list.h"
#include "proxy/spf/check_host.h"

namespace proxy {

class DnsQuestions;

// Asks the DNS on c-ares, one channel and one memory of answers to an event loop; used on that loop's thread alone.
// Never throws for what a DNS says or doesn't; every answer comes within the timeout, or by the deadline that the
// caller sets. Questions under way when it is destroyed end as failed; the coroutines that await them may outlive it.
class Resolver {
 public:
  Resolver(asio::io_context& loop, const ResolverOptions& options);
  ~Resolver();  // before the loop goes
  Resolver(const Resolver&) = delete;

  // When an answer to a question of now is due at the latest.
  std::chrono::steady_clock::time_point deadline() const;
  asio::awaitable<ClientName> confirmed_name(asio::ip::address client, std::chrono::steady_clock::time_point deadline);
  // With all its questions by the deadline; beyond it, temperror.
  asio::awaitable<SpfVerdict> check_spf(SpfQuestion question, std::chrono::steady_clock::time_point deadline);
  // What these said not long ago, of a client by its address' text; null: who wants to know must ask.
  const ClientName* known_name(const std::string& client) const;
  const SpfVerdict* known_spf(const SpfQuestion& question) const;
  // Lists that don't answer list nobody.
  asio::awaitable<DnsListings> listings(asio::ip::address client, DnsLists lists, DnsDeadline deadline);
  const std::string& organisation_of(const std::string& name);  // organisational_domain(), remembered
  // A and AAAA of a host, IPv4 first, hosts file included; an address literal is its own answer. The error says what
  // went wrong. Where one family's answer is in and the other's isn't to be had, the one will do.
  asio::awaitable<std::expected<std::vector<asio::ip::address>, std::string>> addresses(std::string host);
  void reconfigure(const ResolverOptions& options);  // for questions asked from now on

 private:
  asio::io_context& loop_;
  std::shared_ptr<DnsQuestions> questions_;
  std::unordered_map<std::string, std::string> organisations_;  // by name
  std::vector<std::weak_ptr<DnsQuestions>> retired_;  // by reconfigure(), while questions are under way on them
};

}  // namespace proxy

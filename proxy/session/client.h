#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "greylist/ip_address.h"
#include "greylist/rules/evidence.h"
#include "proxy/dns/resolver.h"
#include "smtp/xclient.h"

namespace proxy {

struct Loop;
struct Setup;

// Whom a session talks with: where from (as told by a load balancer, where one is trusted), what it calls itself, and,
// once somebody asks, its forward-confirmed name.
class Client {
 public:
  Client(Loop& loop, smtp::Endpoint from, smtp::Endpoint to);

  const greylist::IpAddress& address() const { return address_; }
  const std::string& address_text() const { return from_.address; }
  using Deadline = std::chrono::steady_clock::time_point;
  // Looked up at most once, by the deadline; "none" without a look-up where dns.enabled is false.
  asio::awaitable<ClientName> name(Deadline deadline);
  asio::awaitable<void> look_up_name(Deadline deadline);  // the same, for those who ask known_name() later
  // What SPF says of a sender, or of the HELO name if it is the null sender: likewise. The last one's verdict is kept.
  asio::awaitable<void> look_up_spf(std::string sender, Deadline deadline);
  // Likewise, in which lists of the DNS it is. A private address is in none.
  asio::awaitable<void> look_up_lists(std::shared_ptr<const Setup> setup, Deadline deadline);
  // The name, and what SPF says of a sender, if either was looked up for another session not long ago.
  void recall(const std::string& sender);
  const DnsListings* known_lists() const { return lists_ ? &*lists_ : nullptr; }  // null: not looked up
  const SpfVerdict* known_spf(std::string_view sender) const;                     // null: not looked up
  const std::string& organisation() const { return organisation_; }  // of the known name: its organisational domain
  bool knows_whether_named() const { return name_ && name_->outcome != ClientName::Outcome::temporary_failure; }
  bool is_named() const { return name_.has_value(); }  // name() was asked
  std::string_view known_name() const { return name_ ? std::string_view(name_->name) : std::string_view(); }
  greylist::Evidence evidence(std::string_view sender) const;  // what is known of it, and of what it says in its name
  smtp::ClientIdentity identity() const;  // what a backend may be told; the name as far as it is known

  std::string helo;
  bool esmtp = false;
  std::string_view tls = greylist::no_tls;  // the version: "1.2", "1.3"
  bool early_talker = false;                // it said something before it was greeted

 private:
  void take(const ClientName& name);
  void take(SpfVerdict verdict, std::string sender);

  Loop& loop_;
  smtp::Endpoint from_, to_;
  greylist::IpAddress address_;
  std::optional<ClientName> name_;
  bool name_asked_for_ = false;  // or else dns.enabled was false
  std::string organisation_;
  std::optional<DnsListings> lists_;
  unsigned enough_ = 1;  // of their weight
  std::optional<SpfVerdict> spf_;
  std::string spf_helo_, spf_sender_;  // what it was asked about
};

}  // namespace proxy

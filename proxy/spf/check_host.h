#pragma once
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "greylist/ip_address.h"
#include "proxy/dns/dns_answer.h"
#include "proxy/spf/record.h"

namespace proxy {

// Who sends, in SPF's eyes.
struct SpfQuestion {
  greylist::IpAddress client;
  std::string helo;
  std::string sender;  // the reverse-path without <>; empty: the null sender, for whom HELO stands (RFC 7208 §2.4)
};

struct SpfVerdict {
  SpfResult result = SpfResult::none;
  std::string domain;     // the one that was asked, canonical
  std::string reason;     // what matched ("mx", "include:example.net"), or what went wrong; for people
  bool too_wide = false;  // a pass by records that prove little: is_too_wide() of one on the way to the match
  // How long all senders of the domain may be told so, of this client and HELO name; 0: only this one, now.
  std::chrono::seconds lifetime{0};
};

// The domain that the client was proved to send for; empty: none was.
std::string proved_domain(const SpfVerdict& verdict);

// How the DNS is asked: the records of one type of one name. Called again while an answer is awaited, never twice at
// once.
using AskDns = std::function<asio::awaitable<DnsAnswer>(std::string name, DnsType type)>;

// check_host() of RFC 7208 §4, with its limits: 10 terms that ask the DNS, 2 answers without a record, 10 names of an
// mx or ptr (§4.6.4). Never throws for what a DNS says; it asks as long as `ask` takes.
asio::awaitable<SpfVerdict> check_host(SpfQuestion question, AskDns ask);

}  // namespace proxy

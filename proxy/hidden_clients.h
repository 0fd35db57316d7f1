#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "greylist/ip_address.h"

namespace proxy {

// Notices when somebody between us and the internet (Docker's port publishing, a load balancer without PROXY) hides the
// clients' addresses: one private address that sends for twenty domains. Such an address stands for everybody, so
// nobody may earn anything in its name. Thread-safe; remembers until the program ends.
class HiddenClients {
 public:
  enum class Finding { ordinary, just_found, hidden };
  Finding seen(const greylist::IpAddress& client, std::string_view sender_domain);
  std::vector<std::string> addresses() const;  // those found

 private:
  static constexpr std::size_t suspicious_domains = 20;
  static constexpr std::size_t watched_addresses = 256;  // private addresses are few; a bound all the same

  mutable std::mutex mutex_;
  std::map<greylist::IpAddress, std::set<std::string, std::less<>>> domains_;
};

}  // namespace proxy

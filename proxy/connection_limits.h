#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

#include "greylist/ip_address.h"

namespace proxy {

// How many connections are open, over all event loops and by client: the IPv4 address or the IPv6 /64, since whoever
// has one address of a /64 has them all. Thread-safe.
class ConnectionLimits {
 public:
  // A place among them, given back when it goes out of scope.
  class Place {
   public:
    Place() = default;
    Place(ConnectionLimits& limits, const greylist::IpAddress& client) : limits_(&limits), client_(client) {}
    Place(Place&& other) noexcept : limits_(std::exchange(other.limits_, nullptr)), client_(other.client_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limits_, other.limits_);
      std::swap(client_, other.client_);
      return *this;
    }
    ~Place() {
      if (limits_) limits_->leave(client_);
    }
    explicit operator bool() const { return limits_ != nullptr; }

   private:
    ConnectionLimits* limits_ = nullptr;
    greylist::IpAddress client_;
  };

  // No place if there are `total` already, or `per_client` of this client.
  Place enter(const greylist::IpAddress& client, std::size_t total, std::size_t per_client);

 private:
  void leave(const greylist::IpAddress& client);

  std::mutex mutex_;
  std::size_t open_ = 0;
  std::map<greylist::IpAddress, std::size_t> by_client_;
};

}  // namespace proxy

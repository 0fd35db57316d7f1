#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/backend/slots.h"
#include "proxy/config/host_port.h"
#include "smtp/extensions.h"

namespace proxy {

// One of backend.addresses and what is known of it. Thread-safe.
class BackendAddress {
 public:
  struct Health {
    bool up = false;
    std::uint64_t failures = 0;
    std::string last_error;
    bool relays_for_outsiders = false;
  };

  BackendAddress(HostPort where, unsigned connections) : slots(connections), where_(std::move(where)) {}

  const HostPort& where() const { return where_; }
  Health health() const;
  std::optional<smtp::Extensions> extensions() const;  // what it offered last; nullopt: never reached

  void reached(const smtp::Extensions& offered);  // it went through the whole opening
  void failed(const std::string& why);
  void found_relaying(const std::string& question);  // it accepted a recipient that is nobody's business
  void found_closed();                               // it accepted none

  // Nobody has heard of it for `quiet`, or it is down: time to ask how it is.
  bool wants_probe(std::chrono::steady_clock::time_point now, std::chrono::milliseconds quiet) const;

  Slots slots;
  std::atomic<unsigned> pooled = 0;       // of the connections that hold a slot, those that wait for another client
  std::atomic<std::uint64_t> reused = 0;  // times that a connection was given to another client

 private:
  const HostPort where_;
  mutable std::mutex mutex_;
  Health health_;
  std::optional<smtp::Extensions> extensions_;
  std::chrono::steady_clock::time_point heard_{};
};

// All backend addresses, in the order of the configuration.
class Backends {
 public:
  Backends(const std::vector<std::string>& addresses, unsigned connections);

  const std::vector<std::unique_ptr<BackendAddress>>& addresses() const { return addresses_; }
  std::vector<BackendAddress*> candidates()
      const;  // in the order to try: those that are up, then those that were down when last tried

  // What may be promised to clients: what every backend known so far offers; while none is, 8BITMIME.
  smtp::Extensions offered() const;
  bool any_up() const;
  bool may_be_told(std::string_view xclient_attribute) const;  // some address lists it, or hasn't been reached yet

 private:
  std::vector<std::unique_ptr<BackendAddress>> addresses_;
};

}  // namespace proxy

#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace proxy {

// Handshakes since the start, by protocol and cipher ("TLSv1.3 TLS_AES_256_GCM_SHA384"). Thread-safe.
class TlsCounts {
 public:
  using ByProtection = std::map<std::string, std::uint64_t>;
  struct Counts {
    ByProtection clients, backends;
    std::uint64_t failed = 0;  // with clients
    std::uint64_t backend_failed = 0;
  };

  void client(const std::string& protection);
  void backend(const std::string& protection);
  void failed();
  void backend_failed();
  Counts counts() const;

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace proxy

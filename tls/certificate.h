#pragma once
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tls {

// A server certificate with its chain and private key.
class Certificate {
 public:
  struct Problem {
    bool about_key = false;  // else about the certificate
    std::string what;
  };
  using Parsed = std::expected<Certificate, Problem>;

  // Both PEM: our certificate first, then those between it and the root; a key without a passphrase.
  static Parsed parse(std::string_view certificate, std::string_view key);

  const std::vector<std::string>& names() const { return names_; }  // lower case; "*.example.org" among them
  std::chrono::system_clock::time_point expires() const { return expires_; }
  bool is_for(std::string_view name) const;             // RFC 6125 §6.4; `name` in lower case
  bool same_algorithm(const Certificate& other) const;  // of their keys

 private:
  friend class ServerContext;
  struct Parts;
  struct DropParts {
    void operator()(Parts* parts) const;
  };

  std::unique_ptr<Parts, DropParts> parts_;
  std::vector<std::string> names_;
  std::chrono::system_clock::time_point expires_{};
};

struct PemPair {
  std::string certificate, key;
};

// A certificate for `name` that nobody has signed but itself: an ECDSA P-256 key, good for ten years.
std::expected<PemPair, std::string> make_self_signed(const std::string& name);

}  // namespace tls

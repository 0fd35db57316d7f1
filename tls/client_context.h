#pragma once
#include <expected>
#include <memory>
#include <string>

struct ssl_ctx_st;

namespace tls {

enum class Trust { anybody, verified };  // verified: a chain to a known root, and the name

// What a client's handshakes are made with. Immutable and thread-safe.
class ClientContext {
 public:
  // `ca_file`: PEM certificates of those who may have signed the server's; empty: those that the system trusts. The
  // error says why it can't be used.
  static std::expected<std::shared_ptr<const ClientContext>, std::string> make(Trust trust, const std::string& ca_file);

 private:
  friend class Stream;
  struct DropContext {
    void operator()(ssl_ctx_st* context) const;
  };

  ClientContext() = default;
  std::unique_ptr<ssl_ctx_st, DropContext> context_;
  Trust trust_ = Trust::anybody;
};

}  // namespace tls

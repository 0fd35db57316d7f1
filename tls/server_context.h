#pragma once
#include <chrono>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certificate.h"
#include "ticket_keys.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tls {

enum class Version { tls12, tls13 };

// What a server's handshakes are made with: certificates, ciphers, ticket keys. Immutable; connections that began with
// one go on with it after it has been replaced. Thread-safe.
//
// Of several certificates the client's SNI chooses, an exact name before a wildcard; certificates with keys of
// different algorithms for one name stand side by side. A client that names nobody, or somebody unknown, gets the
// first.
class ServerContext {
 public:
  struct Problem {
    std::size_t certificate;  // its index
    std::string what;
  };
  static std::expected<std::shared_ptr<const ServerContext>, Problem> make(const std::vector<Certificate>& certificates,
                                                                           Version oldest,
                                                                           std::shared_ptr<TicketKeys> tickets);

 private:
  friend class Stream;
  struct DropContext {
    void operator()(ssl_ctx_st* context) const;
  };
  using Context = std::unique_ptr<ssl_ctx_st, DropContext>;

  ServerContext() = default;
  ssl_ctx_st* for_name(const char* name) const;
  ssl_ctx_st* first() const { return contexts_.front().get(); }
  static int choose(ssl_st* session, int* alert, void* self);

  std::vector<Context> contexts_;
  std::map<std::string, ssl_ctx_st*, std::less<>> by_name_;
};

}  // namespace tls

#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/config/load.h"
#include "tls/certificate.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

namespace proxy {

// What clients are shown and may learn of us by TLS.
struct ServerTls {
  struct Shown {
    std::string file;  // empty: of no file
    std::vector<std::string> names;
    std::chrono::system_clock::time_point expires;
  };

  std::shared_ptr<const tls::ServerContext> context;
  std::vector<Shown> certificates;
};
using MadeServerTls = std::expected<ServerTls, ConfigProblems>;

// From tls.certificates, of which there must be one at least.
MadeServerTls build_server_tls(const Settings& settings, std::shared_ptr<tls::TicketKeys> tickets);

// Without tls.certificates: a self-signed certificate, made once and kept beside the store. Where it can't be kept, it
// is made anew each time, and `not_kept` says why.
struct OwnTls {
  ServerTls tls;
  bool made = false;
  std::string not_kept;
};
// A kept one that is there and can't be read stays, and is an error.
std::expected<OwnTls, std::string> build_own_tls(const Settings& settings, const std::string& store_path,
                                                 std::shared_ptr<tls::TicketKeys> tickets);

// From backend.tls and backend.ca_file; null for "none".
std::expected<std::shared_ptr<const tls::ClientContext>, ConfigProblems> build_backend_tls(const Settings& settings);

}  // namespace proxy

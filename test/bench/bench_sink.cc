// The other end of what is measured: a mail server that takes everything and counts it, or what nginx asks whether to
// put off. test/bench/run starts it.
//
//     bench_sink PORT [CERTIFICATE KEY]
//     bench_sink --auth-http PORT BACKEND-PORT
#include <cstdio>
#include <cstdlib>

#include "test/bench/sink/auth_http.h"
#include "test/bench/sink/responder.h"
#include "test/bench/sink/smtp.h"

namespace {

using namespace bench;

std::uint16_t port(const char* text) { return static_cast<std::uint16_t>(std::atoi(text)); }

[[noreturn]] void serve_auth_http(std::uint16_t on, std::uint16_t backend) {
  std::uint64_t put_off = 0;
  respond(on, nullptr, [&] { return std::make_unique<AuthHttp>(backend, put_off); });
}

[[noreturn]] void serve_smtp(std::uint16_t on, const std::string& certificate, const std::string& key) {
  Ledger ledger;
  const bool offers_tls = !certificate.empty();
  respond(on, server_context(certificate, key), [&] { return std::make_unique<Smtp>(ledger, offers_tls); });
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::string_view(arguments[1]) == "--auth-http")
    serve_auth_http(port(arguments[2]), port(arguments[3]));
  if (count == 4) serve_smtp(port(arguments[1]), arguments[2], arguments[3]);
  if (count == 2) serve_smtp(port(arguments[1]), {}, {});
  std::fprintf(stderr, "usage: bench_sink PORT [CERTIFICATE KEY] | bench_sink --auth-http PORT BACKEND-PORT\n");
  return 2;
}

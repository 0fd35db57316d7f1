// What a peer may do after the handshake, as long as it doesn't overdo it.
#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include "tls/stream.h"

namespace {

using asio::ip::tcp;

std::shared_ptr<const tls::ServerContext> server() {
  const auto pem = tls::make_self_signed("mx.example.org");
  std::vector<tls::Certificate> certificates;
  certificates.push_back(*tls::Certificate::parse(pem->certificate, pem->key));
  return *tls::ServerContext::make(certificates, tls::Version::tls12, std::make_shared<tls::TicketKeys>());
}

// A client that updates its keys so often, says a word, and leaves.
void update_keys(std::uint16_t port, int times) {
  asio::io_context io;
  tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const session = SSL_new(context);
  SSL_set_fd(session, socket.native_handle());
  if (SSL_connect(session) == 1) {
    for (int i = 0; i < times; ++i)
      if (SSL_key_update(session, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(session) != 1) break;
    SSL_write(session, "NOOP", 4);
    SSL_shutdown(session);
    char octet;
    while (SSL_read(session, &octet, 1) > 0) {  // a close with octets unread would reset the connection
    }
  }
  SSL_free(session);
  SSL_CTX_free(context);
}

asio::awaitable<void> serve(tls::Stream& stream, tls::Turnstile& turns, std::string& heard) {
  const auto done = co_await stream.accept_tls(server(), turns);
  if (!done) co_return;
  std::string room(4096, '\0');
  for (;;) {
    const auto got = co_await stream.read(room);
    if (!got) co_return;
    heard.append(room, 0, *got);
  }
}

std::string heard_after(int key_updates) {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io{1};
  tls::Turnstile turns(io);
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::jthread client(update_keys, acceptor.local_endpoint().port(), key_updates);
  tls::Stream stream(acceptor.accept());
  std::string heard;
  asio::co_spawn(io, serve(stream, turns, heard), asio::detached);
  io.run_for(std::chrono::seconds(20));
  CHECK(io.stopped());
  stream.close();
  return heard;
}

}  // namespace

TEST_CASE("a peer may update its keys now and then") { CHECK(heard_after(20) == "NOOP"); }

TEST_CASE("a peer that does nothing but update its keys is cut off") { CHECK(heard_after(5000) == ""); }

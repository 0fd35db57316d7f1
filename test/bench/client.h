#pragma once
#include <openssl/ssl.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

// Of a client that speaks TLS 1.3 only, resumes nothing and trusts everybody.
Context client_context();

// One SMTP client's connection, plain first. Anything unexpected is an exception: a measurement with failures in it is
// none.
class Client {
 public:
  Client(asio::io_context& loop, SSL_CTX& context) : socket_(loop), context_(context) {}

  // And its greeting. `header` is said before that: a PROXY header, or nothing.
  asio::awaitable<void> connect(asio::ip::tcp::endpoint server, std::string_view header = {});
  asio::awaitable<void> start_tls();

  asio::awaitable<void> ask(std::string_view command, std::string_view code);
  asio::awaitable<void> say(std::string_view octets);  // returns once all were taken
  asio::awaitable<void> hear(std::string_view code);   // one reply; a code may be just its first digits
  asio::awaitable<void> hear_close();                  // until the server closes; nothing may be said before

 private:
  ssize_t send(std::string_view octets);
  // As recv(): 0 at the end; none where OpenSSL or the socket wants more.
  std::optional<ssize_t> receive();
  std::optional<std::string> next_reply();
  asio::awaitable<void> wait(asio::ip::tcp::socket::wait_type what);

  asio::ip::tcp::socket socket_;
  SSL_CTX& context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  std::string heard_;
};

}  // namespace bench

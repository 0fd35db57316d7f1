#pragma once
#include <openssl/ssl.h>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
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

  asio::awaitable<void> connect(asio::ip::tcp::endpoint server);  // and its greeting
  asio::awaitable<void> ask(std::string_view command, std::string_view code);
  asio::awaitable<void> start_tls();

 private:
  void say(std::string_view command);
  int receive();  // as recv(), or 0 where OpenSSL wants more
  asio::awaitable<void> expect(std::string_view code);
  asio::awaitable<void> readable();
  bool whole() const;

  asio::ip::tcp::socket socket_;
  SSL_CTX& context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
  std::string reply_;
};

}  // namespace bench

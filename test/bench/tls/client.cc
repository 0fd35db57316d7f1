#include "test/bench/tls/client.h"

#include <openssl/err.h>

#include <array>
#include <asio/use_awaitable.hpp>
#include <stdexcept>

namespace bench {

using asio::ip::tcp;

Context client_context() {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

asio::awaitable<void> Client::connect(tcp::endpoint server) {
  co_await socket_.async_connect(server, asio::use_awaitable);
  socket_.set_option(tcp::no_delay(true));
  socket_.non_blocking(true);
  co_await expect("220");
}

asio::awaitable<void> Client::ask(std::string_view command, std::string_view code) {
  say(command);
  co_await expect(code);
}

asio::awaitable<void> Client::start_tls() {
  co_await ask("STARTTLS\r\n", "220");
  ssl_.reset(SSL_new(&context_));
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  SSL_set_connect_state(ssl_.get());
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) co_return;
    if (SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) throw std::runtime_error("a handshake failed");
    co_await readable();
  }
}

void Client::say(std::string_view command) {  // always fits into the socket's buffer
  const auto sent = ssl_ ? SSL_write(ssl_.get(), command.data(), static_cast<int>(command.size()))
                         : ::send(socket_.native_handle(), command.data(), command.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(command.size())) throw std::runtime_error("a command couldn't be sent");
}

asio::awaitable<void> Client::readable() { co_await socket_.async_wait(tcp::socket::wait_read, asio::use_awaitable); }

bool Client::whole() const {
  if (!reply_.ends_with("\r\n")) return false;
  const auto before = reply_.rfind('\n', reply_.size() - 2);
  const auto last_line = before == std::string::npos ? 0 : before + 1;
  return reply_.size() > last_line + 3 && reply_[last_line + 3] == ' ';
}

int Client::receive() {
  std::array<char, 1024> room;
  ERR_clear_error();
  const auto got = ssl_ ? SSL_read(ssl_.get(), room.data(), room.size())
                        : static_cast<int>(::recv(socket_.native_handle(), room.data(), room.size(), 0));
  if (got > 0) reply_.append(room.data(), static_cast<std::size_t>(got));
  const bool later = ssl_ ? SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ : errno == EAGAIN;
  return got <= 0 && later ? 0 : got > 0 ? got : -1;
}

asio::awaitable<void> Client::expect(std::string_view code) {
  reply_.clear();
  while (!whole()) {
    const int got = receive();
    if (got < 0) throw std::runtime_error("the server closed where " + std::string(code) + " was awaited");
    if (got == 0) co_await readable();
  }
  if (!reply_.starts_with(code)) throw std::runtime_error("not " + std::string(code) + ": " + reply_);
}

}  // namespace bench

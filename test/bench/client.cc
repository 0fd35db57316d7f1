#include "test/bench/client.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <asio/use_awaitable.hpp>
#include <stdexcept>

namespace bench {

using asio::ip::tcp;

Context client_context() {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

asio::awaitable<void> Client::connect(tcp::endpoint server, std::string_view header) {
  co_await socket_.async_connect(server, asio::use_awaitable);
  socket_.set_option(tcp::no_delay(true));
  socket_.non_blocking(true);
  if (!header.empty()) co_await say(header);
  co_await hear("220");
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
    co_await wait(tcp::socket::wait_read);
  }
}

asio::awaitable<void> Client::ask(std::string_view command, std::string_view code) {
  co_await say(command);
  co_await hear(code);
}

asio::awaitable<void> Client::say(std::string_view octets) {
  for (;;) {
    const auto sent = send(octets);
    octets.remove_prefix(static_cast<std::size_t>(sent));
    if (octets.empty()) co_return;
    if (sent == 0) co_await wait(tcp::socket::wait_write);
  }
}

asio::awaitable<void> Client::hear(std::string_view code) {
  for (;;) {
    if (const auto reply = next_reply()) {
      if (!reply->starts_with(code)) throw std::runtime_error("not " + std::string(code) + ": " + *reply);
      co_return;
    }
    const auto got = receive();
    if (got && *got <= 0) throw std::runtime_error("the server closed where " + std::string(code) + " was awaited");
    if (!got) co_await wait(tcp::socket::wait_read);
  }
}

asio::awaitable<void> Client::hear_close() {
  for (;;) {
    const auto got = receive();
    if (got && *got <= 0) co_return;
    if (got) throw std::runtime_error("not the end of the connection: " + heard_);
    co_await wait(tcp::socket::wait_read);
  }
}

asio::awaitable<void> Client::wait(tcp::socket::wait_type what) {
  co_await socket_.async_wait(what, asio::use_awaitable);
}

// 0: later.
ssize_t Client::send(std::string_view octets) {
  ERR_clear_error();
  const auto sent = ssl_ ? SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size()))
                         : ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_NOSIGNAL);
  const bool later = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE : errno == EAGAIN;
  if (sent <= 0 && !later) throw std::runtime_error("the server doesn't read on");
  return std::max<ssize_t>(sent, 0);
}

std::optional<ssize_t> Client::receive() {
  std::array<char, 1024> room;
  ERR_clear_error();
  const auto got = ssl_ ? SSL_read(ssl_.get(), room.data(), room.size())
                        : ::recv(socket_.native_handle(), room.data(), room.size(), 0);
  if (got > 0) heard_.append(room.data(), static_cast<std::size_t>(got));
  const bool later =
      ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(got)) == SSL_ERROR_WANT_READ : got < 0 && errno == EAGAIN;
  return later ? std::nullopt : std::optional<ssize_t>(got);
}

// RFC 5321, section 4.2.1: a hyphen after the code says that the reply goes on.
std::optional<std::string> Client::next_reply() {
  std::size_t from = 0;
  for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n', from)) {
    const bool last = end - from < 4 || heard_[from + 3] != '-';
    from = end + 1;
    if (!last) continue;
    auto reply = heard_.substr(0, from);
    heard_.erase(0, from);
    return reply;
  }
  return std::nullopt;
}

}  // namespace bench

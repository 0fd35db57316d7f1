// What a stream does once it is in TLS: OpenSSL works on the descriptor itself, and says what it waits for.
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <array>
#include <cerrno>

#include "openssl.h"
#include "stream.h"

namespace tls {

namespace {

// More than a batch of commands: content, of which the next record is likely to be there.
constexpr std::size_t content_likely = 4096;

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> octets;
  return inet_pton(AF_INET, name.c_str(), octets.data()) == 1 || inet_pton(AF_INET6, name.c_str(), octets.data()) == 1;
}

// RFC 6066 §3: no address literal in SNI. With the name set, verification covers it.
bool expect_name(SSL* session, const std::string& name, Trust trust) {
  const bool address = is_address(name);
  if (!address && SSL_set_tlsext_host_name(session, name.c_str()) != 1) return false;
  if (trust == Trust::anybody) return true;
  if (address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(session, name.c_str()) == 1;
}

std::string reason_of_failure(SSL* session, int error, int system_error) {
  const auto verified = SSL_get_verify_result(session);
  if (SSL_get_verify_mode(session) != SSL_VERIFY_NONE && verified != X509_V_OK) {
    ERR_clear_error();
    return std::string("certificate: ") + X509_verify_cert_error_string(verified);
  }
  if (error == SSL_ERROR_SSL) return last_failure();
  ERR_clear_error();
  if (error == SSL_ERROR_SYSCALL && system_error != 0)
    return std::error_code(system_error, asio::error::get_system_category()).message();
  return "connection closed";
}

}  // namespace

void Stream::DropSession::operator()(ssl_st* session) const { SSL_free(session); }

std::string Stream::protection() const {
  if (!session_) return "none";
  return std::string(SSL_get_version(session_.get())) + " " + SSL_get_cipher_name(session_.get());
}

bool Stream::begin_session(ssl_ctx_st* context) {
  std::error_code ignored;
  socket_.non_blocking(true, ignored);  // OpenSSL reads and writes without flags
  session_.reset(SSL_new(context));
  return session_ && SSL_set_fd(session_.get(), socket_.native_handle()) == 1;
}

asio::awaitable<Stream::Handshake> Stream::accept_tls(std::shared_ptr<const ServerContext> context, Turnstile& turns) {
  if (!begin_session(context->first())) co_return std::unexpected(last_failure());
  SSL_set_accept_state(session_.get());
  if (const auto error = co_await ready(Wait::wait_read)) {
    broken_ = true;
    co_return std::unexpected(error.message());
  }
  co_return co_await shake_hands(turns);
}

asio::awaitable<Stream::Handshake> Stream::connect_tls(std::shared_ptr<const ClientContext> context, std::string name,
                                                       Turnstile& turns) {
  if (!begin_session(context->context_.get()) || !expect_name(session_.get(), name, context->trust_))
    co_return std::unexpected(last_failure());
  SSL_set_connect_state(session_.get());
  co_return co_await shake_hands(turns);
}

asio::awaitable<Stream::Handshake> Stream::shake_hands(Turnstile& turns) {
  SSL* const session = session_.get();
  for (;;) {
    co_await turns.pass();
    if (interrupted_) break;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(session);
    if (result == 1) {
      drained_ = false;  // what followed the handshake may have come along
      co_return Handshake();
    }
    const int system_error = errno;
    const int error = SSL_get_error(session, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      broken_ = true;
      co_return std::unexpected(reason_of_failure(session, error, system_error));
    }
    if (co_await ready(error == SSL_ERROR_WANT_READ ? Wait::wait_read : Wait::wait_write)) break;
  }
  broken_ = true;
  co_return std::unexpected(interrupted_ ? interrupted_.message() : std::string("connection lost"));
}

// What keeps a call from going on: nothing to wait for is an error for good.
std::error_code Stream::failure(int result) {
  const int system_error = errno;
  const int error = SSL_get_error(session_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return asio::error::would_block;
  if (error == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
  broken_ = true;
  ERR_clear_error();
  if (error == SSL_ERROR_SYSCALL && system_error != 0) return {system_error, asio::error::get_system_category()};
  return asio::error::connection_reset;
}

Stream::Count Stream::decrypt(std::span<char> room) {
  SSL* const session = session_.get();
  if (broken_) return std::unexpected(std::error_code(asio::error::connection_reset));
  std::size_t total = 0;
  while (total < room.size()) {
    ERR_clear_error();
    errno = 0;
    std::size_t got = 0;
    const int result = SSL_read_ex(session, room.data() + total, room.size() - total, &got);
    if (overdid_handshakes(session)) {
      broken_ = true;
      return std::unexpected(std::error_code(asio::error::connection_reset));
    }
    if (result != 1) {
      const bool must_write = SSL_want_write(session);
      const auto error = failure(result);
      drained_ = error == asio::error::would_block;
      read_waits_for_ = must_write ? Wait::wait_write : Wait::wait_read;
      if (error != asio::error::would_block && total == 0) return std::unexpected(error);
      break;
    }
    total += got;
    drained_ = !SSL_has_pending(session);
    if (drained_ && total < content_likely) break;
  }
  if (total == room.size()) drained_ = false;
  return total;
}

std::expected<std::size_t, std::error_code> Stream::encrypt(std::string_view octets, Wait& wait) {
  if (broken_) return std::unexpected(std::error_code(asio::error::connection_reset));
  ERR_clear_error();
  errno = 0;
  std::size_t sent = 0;
  const int result = SSL_write_ex(session_.get(), octets.data(), octets.size(), &sent);
  if (result == 1) return sent;
  wait = SSL_want_read(session_.get()) ? Wait::wait_read : Wait::wait_write;
  const auto error = failure(result);
  if (error == asio::error::would_block) return 0;
  return std::unexpected(error);
}

void Stream::notify_of_close() {
  if (!session_ || broken_ || !SSL_is_init_finished(session_.get())) return;
  ERR_clear_error();
  SSL_shutdown(session_.get());  // our close_notify, if the kernel takes it at once
  ERR_clear_error();
}

void Stream::hang_up() {
  notify_of_close();
  close();
}

void Stream::finish_sending() {
  notify_of_close();
  std::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace tls

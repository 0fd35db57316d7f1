#pragma once
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>

#include "client_context.h"
#include "server_context.h"
#include "turnstile.h"

namespace tls {

// One TCP connection, plain at first, that may go on in TLS. Driven by readiness: nothing is buffered here, and waiting
// holds no memory but the coroutine's own and OpenSSL's state. Lives and dies on one event loop. One reader and one
// writer at a time. The program has to ignore SIGPIPE: OpenSSL writes with write(2).
//
// An error ends the connection for good, but for interrupt(): it makes whatever is waiting, and all that comes after,
// fail with the given error until resume().
class Stream {
 public:
  using Count = std::expected<std::size_t, std::error_code>;  // never 0 from read(): the end is asio::error::eof

  using Handshake = std::expected<void, std::string>;  // the error: what went wrong, in words

  // Connected, with TCP_NODELAY on: an accepted socket has it from its listener. Or to be connected.
  explicit Stream(asio::ip::tcp::socket socket);
  asio::awaitable<std::error_code> connect(
      asio::ip::tcp::endpoint to);  // again is allowed: what was open is closed first

  asio::awaitable<std::error_code> readable();  // waits until try_read() has something to say
  // The same in two parts, for whoever waits for long: it takes no coroutine's frame but the wait's own.
  bool must_wait() const { return drained_ && !interrupted_; }
  asio::awaitable<std::tuple<std::error_code>> wait_for_input();
  // Waits until the peer has reset the connection; that it sends something, or its end, goes unnoticed.
  asio::awaitable<std::error_code> broken();
  Count try_read(std::span<char> room);  // at once; 0: nothing there now
  Count try_peek(std::span<char> room);  // like try_read(), but the octets stay; before TLS alone
  asio::awaitable<Count> read(std::span<char> room);
  // Takes from the front of `octets` what has been written: all of it, unless there is an error.
  asio::awaitable<std::error_code> write(std::string_view& octets);
  Count try_write(std::string_view octets);  // as much as the kernel takes at once, which may be nothing

  // From here on all is in TLS (RFC 3207 §4.2). Octets that came before and weren't read fail it. After a failure the
  // stream is only good for close().
  asio::awaitable<Handshake> accept_tls(std::shared_ptr<const ServerContext> context, Turnstile& turns);
  // `name`: the host, which the server is told of and, where the context wants it verified, must prove to be.
  asio::awaitable<Handshake> connect_tls(std::shared_ptr<const ClientContext> context, std::string name,
                                         Turnstile& turns);
  bool secure() const { return session_ != nullptr; }
  std::string protection() const;  // "TLSv1.3 TLS_AES_256_GCM_SHA384"; "none" while plain

  void interrupt(std::error_code why);
  void resume() { interrupted_ = {}; }
  std::error_code interrupted() const { return interrupted_; }

  void finish_sending();  // the peer reads its end of file
  void hang_up();         // closes; what was written arrives all the same, unless the peer sends something more
  void close();

 private:
  using Wait = asio::ip::tcp::socket::wait_type;
  struct DropSession {
    void operator()(ssl_st* session) const;
  };

  asio::awaitable<std::error_code> ready(Wait what);

  Count receive(std::span<char> room, int flags);
  std::expected<std::size_t, std::error_code> send(std::string_view octets, Wait& wait);
  std::expected<std::size_t, std::error_code> send_plain(std::string_view octets);

  bool begin_session(ssl_ctx_st* context);
  asio::awaitable<Handshake> shake_hands(Turnstile& turns);
  Count decrypt(std::span<char> room);
  std::expected<std::size_t, std::error_code> encrypt(std::string_view octets, Wait& wait);
  std::error_code failure(int result);
  void notify_of_close();

  asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, DropSession> session_;  // null while plain
  Wait read_waits_for_ = Wait::wait_read;         // TLS may have to write before it can read
  bool drained_ = true;                           // nothing is left in the session that could be read without waiting
  bool broken_ = false;                           // TLS has failed: no farewell
  std::error_code interrupted_;
};

}  // namespace tls
